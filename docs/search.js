// What Sphinx's search asks about each hit: its score. A hit in the glossary is renamed by the way, for all of them
// would be called "Glossary"; the index has its words in small letters, the place on the page has the capitals.
var Scorer = {
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: {0: 15, 1: 5, 2: -5},
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
  score: (hit) => {
    const place = (hit[2] ?? "").slice(1), letters = place.slice("term-".length);
    const leadsHere = ([, places]) => places.some(([, id]) => id === place);
    const [entry] = place.startsWith("term-") ? Object.entries(Search._index.indexentries ?? {}).find(leadsHere) ?? [] : [];
    if (entry) {
      const asWritten = entry.replace(/\w/g, (letter, at) => (letters[at]?.toLowerCase() === letter ? letters[at] : letter));
      hit[1] = `${asWritten}, in the glossary`;
    }
    return hit[4];
  },
};
