/* A code in the address, after #, is never sent by the browser itself; it only fills the field. */
(function () {
  "use strict";
  var code = decodeURIComponent(location.hash.slice(1));
  if (/^[\d -]{15,30}$/.test(code)) document.getElementById("code").value = code;
  if (code && window.history.replaceState) history.replaceState(null, "", "/resume");
})();
