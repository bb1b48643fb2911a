"use strict";
const said = document.getElementById("said");
let timer = 0;
function say(words) {
  said.textContent = words;
  said.classList.add("shown");
  clearTimeout(timer);
  timer = setTimeout(() => said.classList.remove("shown"), 1600);
}
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      say(said.dataset.said);
    } catch {
      // Only pages of this computer itself may copy; elsewhere the text is selected at least.
      getSelection().selectAllChildren(source);
      say(said.dataset.failed);
    }
  });
}
