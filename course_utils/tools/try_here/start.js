// A classic script, so that it also runs where a page is opened as a file, and can say there why nothing else does.
"use strict";
{
  const place = new URL(".", document.currentScript.src).href;
  const note = document.getElementById("try-note");
  if (location.protocol === "file:") {
    note.textContent =
      "You opened this page as a file, and a browser lets a file read no others. " +
      "Run “python3 -m course_utils site --with-model --serve” and open this page at the address that it prints.";
  } else {
    import(`${place}main.js`)
      .then((page) => page.start(place))
      .then(() => note.remove())
      .catch(() => {
        note.textContent = "The page's scripts could not be read: load the page again, or try a newer browser.";
      });
  }
}
