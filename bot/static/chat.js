/* Web chat: sends without reloading, keeps what waits for the line, shows words that come later,
   leaves quickly. Without this file the page works as plain forms, and so it does in a browser that
   lacks what is asked for in the first line. Text is only ever set by textContent. Nothing is kept in
   the browser's storage: what waits, waits in memory. */
(function () {
  "use strict";
  if (!window.fetch || !window.Promise || !window.crypto || !document.body.dataset) return;
  var OFFLINE = "没有网，话还在，等有网会自动发出去。";
  var WAITS = [1, 2, 4, 8, 15]; // seconds between two tries
  var ANSWER_SECONDS = 40; // after which a try counts as lost
  var LATER_WAITS = [3, 10, 30, 60]; // seconds before listening anew where the server refused
  var FILE_LIMIT = 10 * 1024 * 1024; // bytes
  var ESCAPES_MS = 1500;
  var log = document.getElementById("log");
  var form = document.getElementById("say");
  var box = document.getElementById("text");
  var status = document.getElementById("status");
  var waitingMark = document.getElementById("waiting");
  var spoken = document.getElementById("spoken");
  var larger = document.getElementById("larger");
  var move = document.getElementById("move");
  var more = document.getElementById("more");
  var page = document.body;
  var tabs = window.BroadcastChannel ? new BroadcastChannel("hejie") : null;
  var waiting = []; // messages that are not taken yet, in their order
  var isSending = false;
  var isLeaving = false;
  var isDialling = false;
  var tries = 0;
  var timer = null;
  var stream = null;
  var refusals = 0;
  var lastEscape = -Infinity;
  var lastComposed = -Infinity;

  function make(tag, cls, text) {
    var node = document.createElement(tag);
    if (cls) node.className = cls;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  function each(nodes, act) { Array.prototype.forEach.call(nodes, act); }

  function newId() {
    return Array.prototype.map.call(crypto.getRandomValues(new Uint8Array(16)), function (b) {
      return ("0" + b.toString(16)).slice(-2);
    }).join("");
  }

  /* ---- what is shown ---- */

  function toEnd(node) {
    var isTall = node && waitingMark.offsetTop - node.offsetTop > log.clientHeight;
    if (isTall) node.scrollIntoView(true);
    else waitingMark.scrollIntoView(false);
  }

  function dropChoices() {
    each(log.querySelectorAll(".choices"), function (group) { group.parentNode.removeChild(group); });
  }

  function bubbleOf(parts) {
    var bubble = make("p", "bubble");
    parts.forEach(function (part) {
      if (!part.phone && !part.href) return bubble.appendChild(document.createTextNode(part.text));
      var link = make("a", "", part.text);
      link.href = part.href || "tel:" + part.phone;
      return bubble.appendChild(link);
    });
    return bubble;
  }

  function choicesOf(choices) {
    var group = make("div", "choices");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "可以点选的回答");
    choices.forEach(function (choice) {
      var button = make("button", "", choice.label);
      button.type = "button";
      button.name = "choice";
      button.value = choice.id;
      group.appendChild(button);
    });
    return group;
  }

  /* Words of ours stand before what waits still: `unanswered` is the first message they cannot answer. */
  function showWord(word, unanswered) {
    if (word.id && log.querySelector('[data-word="' + Number(word.id) + '"]')) return null;
    var words = make("div", "words ours");
    words.dataset.word = Number(word.id);
    words.appendChild(make("span", "unseen", "和解说："));
    words.appendChild(bubbleOf(word.parts));
    if (word.choices.length) words.appendChild(choicesOf(word.choices));
    log.insertBefore(words, unanswered ? unanswered.words : waitingMark);
    speak(word);
    return words;
  }

  /* Screen readers hear new words of ours alone: not the reader's own, nor the page anew. */
  function speak(word) {
    var labels = word.choices.map(function (choice) { return choice.label; });
    var text = word.text + (labels.length ? " 可以点选：" + labels.join("，") + "。" : "");
    spoken.appendChild(make("p", "", text));
    while (spoken.childNodes.length > 8) spoken.removeChild(spoken.firstChild);
  }

  function showMine(text, mark) {
    var words = make("div", "words mine");
    words.appendChild(make("span", "unseen", "你说："));
    words.appendChild(make("p", "bubble", text));
    words.appendChild(make("p", "mark", mark));
    log.insertBefore(words, waitingMark);
    toEnd();
    return words;
  }

  function markOf(item) { return item.words.querySelector(".mark"); }

  /* ---- sending: one at a time, in order, the same id each time ---- */

  function post(message) {
    var stop = window.AbortController ? new AbortController() : null;
    var clock = setTimeout(function () { if (stop) stop.abort(); }, ANSWER_SECONDS * 1000);
    return fetch("/chat/messages", {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(message),
      signal: stop ? stop.signal : undefined
    }).then(function (answer) {
      return answer.json().then(function (data) { // a proxy's page is no JSON: the line is away
        clearTimeout(clock);
        if (answer.ok) return data;
        throw { told: data.error, status: answer.status };
      });
    });
  }

  /* A file is the whole body; only XMLHttpRequest tells how far it is. */
  function postFile(item) {
    return new Promise(function (done, failed) {
      var request = new XMLHttpRequest();
      request.open("POST", "/chat/files?id=" + item.message.id + "&kind=" + kindOf(item.file));
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.upload.onprogress = function (event) {
        if (event.lengthComputable) {
          markOf(item).textContent = "正在传 " + Math.floor(event.loaded / event.total * 100) + "%";
        }
      };
      request.onload = function () {
        var data;
        try { data = JSON.parse(request.responseText); } catch (error) { return failed({}); }
        if (request.status === 200) return done(data);
        return failed({ told: data.error, status: request.status });
      };
      request.onerror = request.onabort = request.ontimeout = function () { failed({}); };
      request.timeout = 5 * 60 * 1000;
      request.send(item.file);
    });
  }

  function kindOf(file) {
    return { image: "photo", audio: "voice", video: "video" }[file.type.split("/")[0]] || "file";
  }

  function sendFile(event) {
    var file = event.target.files[0];
    event.target.value = "";
    more.open = false;
    if (!file) return;
    dropChoices();
    var name = (kindOf(file) === "photo" ? "照片 " : "文件 ") + file.name;
    var item = { message: { id: newId() }, file: file, words: showMine(name, "正在发送…") };
    if (file.size > FILE_LIMIT) return tooLarge(item);
    waiting.push(item);
    if (tries) tryNow();
    else pump();
  }

  function tooLarge(item) {
    item.words.classList.add("failed");
    markOf(item).textContent = "太大了，没有发。请拍成照片发来。";
  }

  function pump() {
    if (isSending || !waiting.length) return;
    clearTimeout(timer);
    isSending = true;
    waitingMark.textContent = tries ? "" : "和解正在看…";
    (waiting[0].file ? postFile(waiting[0]) : post(waiting[0].message)).then(taken, refused).then(function () { isSending = false; pumpOn(); });
  }

  function pumpOn() {
    if (!tries) return pump();
    timer = setTimeout(pump, WAITS[Math.min(tries, WAITS.length) - 1] * 1000);
    return undefined;
  }

  function taken(data) {
    var item = waiting.shift();
    lineIsBack();
    markOf(item).textContent = "";
    waitingMark.textContent = "";
    var shown = data.replies.map(function (word) { return showWord(word, waiting[0]); });
    shown = shown.filter(Boolean);
    toEnd(shown[0]);
    if (item.byButton) focusOn(shown);
    var before = document.getElementById("before");
    if (before) before.hidden = true;
    if (data.may_move !== undefined) move.hidden = !data.may_move;
    if (tabs) tabs.postMessage({
      said: item.words.querySelector(".bubble").textContent,
      answers: data.replies.map(function (word) { return Number(word.id); })
    });
    page.dataset.known = "1";
    listen();
  }

  function refused(error) {
    waitingMark.textContent = "";
    if (error.status === 410) {
      goneElsewhere(error.told);
      return;
    }
    if (error.told) {
      tries = 0;
      fail(waiting.shift(), error.told);
      return;
    }
    tries += 1;
    lineIsAway();
  }

  function lineIsAway() {
    status.textContent = OFFLINE;
    waiting.forEach(function (item) { markOf(item).textContent = "还没发出去"; });
  }

  function lineIsBack() {
    tries = 0;
    status.textContent = "";
    waiting.forEach(function (item) { markOf(item).textContent = "正在发送…"; });
  }

  function tryNow() {
    if (!tries) return;
    tries = 1;
    pump();
  }

  function fail(item, why) {
    var mark = markOf(item);
    item.words.classList.add("failed");
    mark.textContent = why + " ";
    var again = make("button", "", "再发一次");
    again.type = "button";
    again.addEventListener("click", function () {
      item.words.classList.remove("failed");
      mark.textContent = "正在发送…";
      box.focus();
      waiting.push(item);
      pump();
    });
    mark.appendChild(again);
    toEnd();
  }

  /* Somebody who answers by buttons goes on with buttons; somebody who writes stays in the box. */
  function focusOn(shown) {
    for (var i = 0; i < shown.length; i += 1) {
      var first = shown[i].querySelector("button");
      if (first) return first.focus({ preventScroll: true });
    }
    return box.focus({ preventScroll: true });
  }

  function send(text, choice) {
    var message = choice ? { id: newId(), choice: choice } : { id: newId(), text: text };
    var mark = tries ? "还没发出去" : "正在发送…";
    dropChoices();
    waiting.push({ message: message, words: showMine(text, mark), byButton: Boolean(choice) });
    if (tries) tryNow();
    else pump();
  }

  function sendBox() {
    var text = box.value.trim();
    if (!text) return;
    box.value = "";
    fit();
    send(text, null);
  }

  function fit() {
    box.style.height = "auto";
    box.style.height = Math.min(box.scrollHeight + 4, window.innerHeight * 0.3) + "px";
  }

  /* ---- words that come later, and other tabs of this browser ---- */

  function listen() {
    if (stream || isLeaving || !window.EventSource || !page.dataset.known) return;
    var words = log.querySelectorAll("[data-word]");
    var last = words.length ? words[words.length - 1].dataset.word : 0;
    stream = new EventSource("/chat/stream?after=" + Number(last));
    stream.addEventListener("open", function () { refusals = 0; tryNow(); });
    stream.addEventListener("word", function (event) {
      var node = showWord(JSON.parse(event.data), waiting[1]);
      if (node) toEnd(node);
      tryNow();
    });
    stream.addEventListener("moved", function () { goneElsewhere(); });
    stream.addEventListener("error", function () {
      if (stream && stream.readyState === 2) listenLater(); // else the browser comes again by itself
    });
  }

  function listenLater() {
    stream = null;
    setTimeout(listen, LATER_WAITS[Math.min(refusals, LATER_WAITS.length - 1)] * 1000);
    refusals += 1;
  }

  /* ---- another device ---- */

  function askForCode() {
    more.open = false;
    fetch("/chat/code", {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
      body: "{}"
    }).then(function (answer) {
      return answer.json().then(function (data) {
        showWord(answer.ok ? codeWord(data) : wordOf(data.error));
        toEnd();
      });
    }).catch(function () { showWord(wordOf("没有网，现在拿不到继续码。")); toEnd(); });
  }

  function wordOf(text) { return { id: 0, text: text, parts: [{ text: text }], choices: [] }; }

  function codeWord(data) {
    var word = wordOf("你的继续码：\n" + data.code + "\n请抄下来。在新手机上打开这个网页，选“用继续码接着说”。\n到" +
      data.until + "前有效，只能用一次。谁有这个码，谁就能看到谈话，不要给别人。\n");
    word.parts.push({ text: "也可以把这个链接发给自己", href: "/resume#" + data.code.replace(/ /g, "") });
    return word;
  }

  /* The talk went on on another device: nothing of it stays here. */
  function goneElsewhere(sentence) {
    waiting = [];
    if (stream) stream.close();
    location.replace("/");
    page.textContent = sentence || "";
  }

  function hearTab(event) {
    if (event.data.left) leave();
    else if (event.data.large !== undefined) enlarge(event.data.large);
    else if (event.data.said) hearSaid(event.data.said, event.data.answers);
  }

  /* The answer may have come by the stream before: it stays below, and its choices stay. */
  function hearSaid(text, answers) {
    var mine = showMine(text, "");
    var first = answers.map(function (id) { return log.querySelector('[data-word="' + id + '"]'); }).filter(Boolean)[0];
    if (first) log.insertBefore(mine, first);
    each(log.querySelectorAll(".choices"), function (group) {
      var isAbove = mine.compareDocumentPosition(group) & Node.DOCUMENT_POSITION_PRECEDING;
      if (isAbove) group.parentNode.removeChild(group);
    });
  }

  /* ---- leaving, and the size of the letters ---- */

  function leave() {
    if (isLeaving) return;
    isLeaving = true;
    if (stream) stream.close();
    document.cookie = "hejie_left=1; path=/; max-age=15552000; samesite=lax"; // the server forgets by it
    if (tabs) tabs.postMessage({ left: true });
    document.title = "天气";
    page.textContent = "";
    location.replace("/weather");
  }

  function enlarge(large) {
    document.documentElement.classList.toggle("large", large);
    larger.setAttribute("aria-pressed", String(large));
    larger.value = large ? "0" : "1";
    toEnd();
  }

  function switchSize() {
    var large = larger.getAttribute("aria-pressed") !== "true";
    document.cookie = "hejie_large=" + (large ? 1 : 0) + "; path=/; max-age=15552000; samesite=lax";
    enlarge(large);
    if (tabs) tabs.postMessage({ large: large });
  }

  /* 229 and the time since a composition: an input method's Enter takes a word and sends nothing, its
     Escape gives a word up and leaves nothing; some browsers say so only afterwards. */
  function isComposing(event) {
    return event.isComposing || event.keyCode === 229 || event.timeStamp - lastComposed < 200;
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest("button, a") : null;
    if (!button) return;
    if (button.protocol === "tel:") {
      isDialling = true;
      setTimeout(function () { isDialling = false; }, 1000);
    } else if (button.name === "choice") {
      event.preventDefault();
      send(button.textContent.trim(), button.value);
    } else if (button.id === "leave") {
      event.preventDefault();
      leave();
    } else if (button.id === "move") {
      event.preventDefault();
      askForCode();
    } else if (button.id === "larger") {
      event.preventDefault();
      switchSize();
    }
  });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape" || isComposing(event)) return;
    if (event.timeStamp - lastEscape < ESCAPES_MS) leave();
    lastEscape = event.timeStamp;
  });
  document.addEventListener("compositionend", function (event) { lastComposed = event.timeStamp; });
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    sendBox();
  });
  box.addEventListener("keydown", function (event) {
    if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
    event.preventDefault();
    sendBox();
  });
  box.addEventListener("input", fit);
  each(more.querySelectorAll("input[type=file]"), function (input) {
    input.addEventListener("change", sendFile);
  });
  if (tabs) tabs.onmessage = hearTab;
  window.addEventListener("offline", lineIsAway);
  window.addEventListener("online", function () { if (tries) tryNow(); else lineIsBack(); });
  window.addEventListener("beforeunload", function (event) {
    if (!waiting.length || isLeaving || isDialling) return;
    event.preventDefault();
    event.returnValue = "";
  });
  window.addEventListener("pageshow", function (event) { if (event.persisted) location.reload(); });

  document.documentElement.classList.add("live");
  toEnd();
  listen();
  if (window.matchMedia("(min-width: 700px)").matches) {
    box.placeholder = "写下你想说的，按回车发送";
    box.focus();
  }
})();
