// One slide is 1280 x 720. What is taller than that is made smaller, never cut off.
const ROOM = 660, LEAST = 0.4;

function fit(slide) {
  const box = slide && slide.querySelector(":scope > .fit");
  if (!box) return;
  for (let scale = 1; scale >= LEAST; scale -= 0.05) {
    box.style.transform = `scale(${scale})`;
    box.style.width = `${100 / scale}%`;
    if (box.offsetHeight * scale <= ROOM && box.scrollWidth <= box.offsetWidth + 1) break;
  }
  box.dataset.fitted = "yes";
}

const fitCurrent = () => fit(Reveal.getCurrentSlide());

Reveal.initialize({
  width: 1280, height: 720, margin: 0, center: false, hash: true, transition: "none", slideNumber: "c/t",
  plugins: [RevealNotes],
}).then(() => {
  Reveal.on("slidechanged", fitCurrent);
  Reveal.on("resize", fitCurrent);
  fitCurrent();
  const pictures = [...document.images].map((picture) => picture.decode().catch(() => {}));
  Promise.all([...pictures, document.fonts.ready, window.MathJax && MathJax.startup && MathJax.startup.promise])
    .then(fitCurrent);
});
