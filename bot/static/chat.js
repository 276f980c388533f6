/* Web chat: sends without reloading, shows words that come later, leaves quickly.
   Without this file the page works as plain forms. Text is only ever set by textContent. */
(function () {
  "use strict";
  var log = document.getElementById("log");
  var form = document.getElementById("say");
  var box = document.getElementById("text");
  var status = document.getElementById("status");
  var page = document.body;
  var sending = Promise.resolve();
  var stream = null;
  var lastEscape = -Infinity;
  var RETRY_SECONDS = [1, 3, 6];

  function make(tag, cls, text) {
    var node = document.createElement(tag);
    if (cls) node.className = cls;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  function newId() {
    var bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.prototype.map.call(bytes, function (b) {
      return ("0" + b.toString(16)).slice(-2);
    }).join("");
  }

  function toEnd(node) {
    var isTall = node && log.scrollHeight - node.offsetTop > log.clientHeight;
    log.scrollTop = isTall ? node.offsetTop - 8 : log.scrollHeight;
  }

  function dropChoices() {
    Array.prototype.forEach.call(log.querySelectorAll(".choices"), function (group) {
      group.parentNode.removeChild(group);
    });
  }

  function bubbleOf(parts) {
    var bubble = make("p", "bubble");
    parts.forEach(function (part) {
      if (!part.phone) return bubble.appendChild(document.createTextNode(part.text));
      var link = make("a", "", part.text);
      link.href = "tel:" + part.phone;
      return bubble.appendChild(link);
    });
    return bubble;
  }

  function showWord(word) {
    if (word.id && log.querySelector('[data-word="' + Number(word.id) + '"]')) return null;
    var words = make("div", "words ours");
    words.dataset.word = Number(word.id);
    words.appendChild(make("span", "unseen", "和解说："));
    words.appendChild(bubbleOf(word.parts));
    if (word.choices.length) {
      var group = make("div", "choices");
      group.setAttribute("role", "group");
      group.setAttribute("aria-label", "可以点选的回答");
      word.choices.forEach(function (choice) {
        var button = make("button", "", choice.label);
        button.type = "button";
        button.name = "choice";
        button.value = choice.id;
        group.appendChild(button);
      });
      words.appendChild(group);
    }
    log.insertBefore(words, status);
    return words;
  }

  function showMine(text) {
    var words = make("div", "words mine");
    words.appendChild(make("span", "unseen", "你说："));
    words.appendChild(make("p", "bubble", text));
    words.appendChild(make("p", "mark", "正在发送…"));
    log.insertBefore(words, status);
    toEnd();
    return words;
  }

  function pause(seconds) {
    return new Promise(function (done) { setTimeout(done, seconds * 1000); });
  }

  function post(message) {
    return fetch("/chat/messages", {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(message)
    }).then(function (answer) {
      return answer.json().then(function (data) {
        if (answer.ok) return data;
        throw { told: data.error };
      });
    });
  }

  /* The same id each time: what did arrive is not taken twice. */
  function postPatiently(message, tries) {
    return post(message).catch(function (error) {
      if (error.told || tries >= RETRY_SECONDS.length) throw error;
      return pause(RETRY_SECONDS[tries]).then(function () {
        return postPatiently(message, tries + 1);
      });
    });
  }

  function fail(words, message, why) {
    var mark = words.querySelector(".mark");
    words.classList.add("failed");
    mark.textContent = (why || "没有发出去，请看看网络。") + " ";
    var again = make("button", "", "再发一次");
    again.type = "button";
    again.addEventListener("click", function () {
      words.classList.remove("failed");
      mark.textContent = "正在发送…";
      box.focus();
      queue(message, words, false);
    });
    mark.appendChild(again);
    toEnd();
  }

  function queue(message, words, byButton) {
    sending = sending.then(function () {
      status.textContent = "和解正在看…";
      return postPatiently(message, 0).then(function (data) {
        words.querySelector(".mark").textContent = "";
        status.textContent = "";
        var shown = data.replies.map(showWord).filter(Boolean);
        toEnd(shown[0]);
        if (byButton) focusOn(shown);
        listen();
      }, function (error) {
        status.textContent = "";
        fail(words, message, error.told);
      });
    });
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
    dropChoices();
    queue(message, showMine(text), Boolean(choice));
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

  function listen() {
    if (stream || !window.EventSource) return;
    var words = log.querySelectorAll("[data-word]");
    var last = words.length ? words[words.length - 1].dataset.word : 0;
    stream = new EventSource("/chat/stream?after=" + Number(last));
    stream.addEventListener("word", function (event) {
      var node = showWord(JSON.parse(event.data));
      if (node) toEnd(node);
    });
    stream.addEventListener("error", function () {
      if (stream.readyState === 2) stream = null;
    });
  }

  function leave() {
    if (stream) stream.close();
    document.title = "天气";
    page.textContent = "";
    try { localStorage.clear(); sessionStorage.clear(); } catch (error) { /* not allowed: nothing kept */ }
    location.replace("/leave");
  }

  function enlarge(big) {
    document.documentElement.classList.toggle("big", big);
    document.getElementById("bigger").setAttribute("aria-pressed", String(big));
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest("button, a") : null;
    if (!button) return;
    if (button.name === "choice") {
      event.preventDefault();
      send(button.textContent.trim(), button.value);
    } else if (button.id === "leave") {
      event.preventDefault();
      leave();
    }
  });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape" || event.isComposing) return;
    if (event.timeStamp - lastEscape < 1500) leave();
    lastEscape = event.timeStamp;
  });
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    sendBox();
  });
  box.addEventListener("keydown", function (event) {
    /* 229: an input method is still composing; its Enter takes a word and sends nothing */
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    sendBox();
  });
  box.addEventListener("input", fit);
  document.getElementById("bigger").addEventListener("click", function () {
    var big = !document.documentElement.classList.contains("big");
    enlarge(big);
    try { localStorage.setItem("big", big ? "1" : ""); } catch (error) { /* only until reload */ }
    toEnd();
  });
  window.addEventListener("offline", function () { status.textContent = "网络断了，连上后再发。"; });
  window.addEventListener("online", function () { status.textContent = ""; });
  window.addEventListener("pageshow", function (event) { if (event.persisted) location.reload(); });

  document.getElementById("bigger").hidden = false;
  try { enlarge(localStorage.getItem("big") === "1"); } catch (error) { enlarge(false); }
  log.scrollTop = log.scrollHeight;
  if (page.dataset.known) listen();
  if (window.matchMedia("(min-width: 700px)").matches) box.focus();
})();
