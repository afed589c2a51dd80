// A report is put into its frame when it is asked for. `loading="lazy"` is not enough: what is hidden in a closed
// <details> is loaded at once by some browsers.
document.addEventListener(
  "toggle",
  ({ target }) => {
    const frame = target.open && target.querySelector(":scope > template");
    if (frame) frame.replaceWith(frame.content);
  },
  true, // the event does not bubble
);
