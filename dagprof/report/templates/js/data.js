// What the page was given. The index is there at once; the rest lies compressed in elements of its own until it is looked at.

const index = JSON.parse(byId("index").textContent);
const files = index.files;
const FILES = files.path.length;
const unpacked = new Map();

function unpack(id) {
  if (!unpacked.has(id)) unpacked.set(id, inflate(byId(id).textContent));
  return unpacked.get(id);
}

async function inflate(letters) {
  const text = atob(letters.trim());
  const bytes = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place++) bytes[place] = text.charCodeAt(place);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

// The view of a file: its piece is found by how many files each piece holds.
async function detailOf(position) {
  let first = 0;
  for (let piece = 0; piece < index.pieces.length; piece++) {
    if (position < first + index.pieces[piece]) return (await unpack(`piece-${piece}`))[position - first];
    first += index.pieces[piece];
  }
  throw new Error(`no file ${position}`);
}

const positions = new Map(files.address.map((address, position) => [address, position]));
