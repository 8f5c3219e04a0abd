// A minimal page that asks and shows the answer as it comes, read on the page's own thread, with one state update a chunk.
// It has Signet's ids and `data-state`, so that one script can drive both.
import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { readAnswer } from './answer.js';

const { functionUrl } = await (await fetch('/config.json')).json();

async function ask(prompt, onChunk) {
  const headers = { 'content-type': 'application/json' };
  await readAnswer(await fetch(functionUrl, { method: 'POST', headers, body: JSON.stringify({ prompt, use_case: 'balanced' }) }), onChunk);
}

function Page({ Answer }) {
  const [response, setResponse] = useState('');
  const [state, setState] = useState();
  const submit = async (event) => {
    event.preventDefault();
    const prompt = new FormData(event.target).get('prompt');
    setResponse('');
    setState('streaming');
    try {
      await ask(prompt, (chunk) => setResponse((before) => before + chunk));
      setState('done');
    } catch (error) {
      console.error(error);
      setState('failed');
    }
  };
  return (
    <main id="chat">
      {state && <article className="turn" data-state={state}><div className="answer"><Answer text={response} /></div></article>}
      <form onSubmit={submit}>
        <textarea id="prompt" name="prompt" />
        <button id="send">Send</button>
      </form>
    </main>
  );
}

// Renders the page. `Answer` shows the text that has come so far.
export function show(Answer) {
  createRoot(document.querySelector('#app')).render(<Page Answer={Answer} />);
}
