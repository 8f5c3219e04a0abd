// Reads an answer as the function sends it, JSON lines, on the page's own thread. One read may end inside a line, or inside a character.

/** Calls `onChunk` with each piece of the answer's text, and returns at its end; throws if the server refuses or the answer stops early. */
export async function readAnswer(response, onChunk) {
  if (!response.ok) throw new Error(`The server answered ${response.status}.`);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + decoder.decode(value, { stream: !done })).split('\n');
    rest = done ? '' : lines.pop();
    for (const line of lines) {
      if (line === '[DONE]') return;
      if (line === '') continue;
      const { chunk } = JSON.parse(line);
      if (chunk !== undefined) onChunk(chunk);
    }
    if (done) throw new Error('The answer was cut off.');
  }
}
