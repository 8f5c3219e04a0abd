// The least page that asks and shows the answer as it comes: the stock lines, read on the page's own thread, one state update a chunk.
// It is driven by the same script as Signet's, hence the ids and `data-state`.
import { useState } from 'react';
import { createRoot } from 'react-dom/client';

const { functionUrl } = await (await fetch('/config.json')).json();

// The chunks of an answer. A line may come in several reads, and a character too.
async function read(prompt, onChunk) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(functionUrl, { method: 'POST', headers, body: JSON.stringify({ prompt, use_case: 'balanced' }) });
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

function Page({ Answer }) {
  const [response, setResponse] = useState('');
  const [state, setState] = useState();
  const ask = async (event) => {
    event.preventDefault();
    const prompt = new FormData(event.target).get('prompt');
    setResponse('');
    setState('streaming');
    try {
      await read(prompt, (chunk) => setResponse((before) => before + chunk));
      setState('done');
    } catch (error) {
      console.error(error);
      setState('failed');
    }
  };
  return (
    <main id="chat">
      {state && <article className="turn" data-state={state}><div className="answer"><Answer text={response} /></div></article>}
      <form onSubmit={ask}>
        <textarea id="prompt" name="prompt" />
        <button id="send">Send</button>
      </form>
    </main>
  );
}

// `Answer` shows a text that grows.
export function show(Answer) {
  createRoot(document.querySelector('#app')).render(<Page Answer={Answer} />);
}
