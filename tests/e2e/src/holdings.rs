//! Everything that script in the page could read, collected so that a test can look for a secret in it. Chromium only.

use base64::{Engine, engine::general_purpose::STANDARD};
use memchr::memmem;
use serde::Deserialize;
use serde_json::json;

use crate::{Browser, Error};

/// Runs before the page's own scripts and remembers every `WebAssembly.Memory` that an instance exports.
const REMEMBER_MEMORIES: &str = r"
    Object.defineProperty(window, 'e2eMemories', { value: [], enumerable: false });
    const remember = result => {
        for (const value of Object.values((result.instance ?? result).exports)) {
            if (value instanceof WebAssembly.Memory && !window.e2eMemories.includes(value)) window.e2eMemories.push(value);
        }
        return result;
    };
    for (const name of ['instantiate', 'instantiateStreaming']) {
        const real = WebAssembly[name];
        WebAssembly[name] = (...all) => real.apply(WebAssembly, all).then(remember);
    }
    WebAssembly.Instance = new Proxy(WebAssembly.Instance, { construct: (real, all) => remember(new real(...all)) });
";

/// Everything but the JavaScript heap, gathered in the page. Bytes become base64 text.
const GATHER: &str = r"
    const done = arguments[0];
    const base64 = bytes => {
        let text = '';
        for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
        return btoa(text);
    };
    const promised = request => new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
    // What a page can read out of a record: text, numbers, and bytes as one character each. A CryptoKey shows nothing, as to any script.
    const spelled = value => {
        if (value instanceof ArrayBuffer) value = new Uint8Array(value);
        if (ArrayBuffer.isView(value)) return String.fromCharCode(...new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
        if (value && typeof value === 'object') return Object.entries(value).map(([key, one]) => key + '=' + spelled(one)).join('\n');
        return String(value);
    };
    const databases = async () => {
        let text = '';
        for (const { name, version } of await indexedDB.databases()) {
            const database = await promised(indexedDB.open(name, version));
            for (const store of database.objectStoreNames) {
                const all = database.transaction(store).objectStore(store);
                text += `${name}.${store}\n${(await promised(all.getAllKeys())).map(spelled)}\n`;
                text += (await promised(all.getAll())).map(spelled).join('\n');
            }
            database.close();
        }
        return text;
    };
    (async () => done({
        url: location.href + ' ' + document.referrer + ' ' + JSON.stringify(history.state) + ' ' + window.name,
        local_storage: JSON.stringify({ ...localStorage }),
        session_storage: JSON.stringify({ ...sessionStorage }),
        cookies: document.cookie,
        databases: await databases(),
        dom: document.documentElement.outerHTML + [...document.querySelectorAll('input, textarea')].map(field => field.value).join('\n'),
        memories: window.e2eMemories.map(memory => base64(new Uint8Array(memory.buffer))),
    }))().catch(error => done({ error: String(error) }));
";

impl Browser {
    /// From the next page on, remembers the page's WebAssembly memories for [`Browser::holdings`].
    pub async fn remember_memories(&self) -> Result<(), Error> {
        self.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": REMEMBER_MEMORIES })).await?;
        Ok(())
    }

    /// Everything that script in the page could read now.
    pub async fn holdings(&self) -> Result<Holdings, Error> {
        // The heap comes first: gathering the rest puts copies of it there.
        let heap = self.devtools().await?.heap_strings().await?;
        let rest: Gathered = serde_json::from_value(self.long_script(GATHER).await?)?;
        let cookies = self.client().get_all_cookies().await?.iter().map(ToString::to_string).collect::<String>();
        let memories = rest.memories.iter().map(|memory| STANDARD.decode(memory).unwrap_or_default()).collect();
        Ok(Holdings {
            memories,
            texts: vec![
                ("the JavaScript heap", heap.join("\n")),
                ("the URL, referrer, history state or window name", rest.url),
                ("localStorage", rest.local_storage),
                ("sessionStorage", rest.session_storage),
                ("the cookies", rest.cookies + &cookies),
                ("IndexedDB", rest.databases),
                ("the document", rest.dom),
            ],
        })
    }
}

#[derive(Deserialize)]
struct Gathered {
    url: String,
    local_storage: String,
    session_storage: String,
    cookies: String,
    databases: String,
    dom: String,
    memories: Vec<String>,
}

const LINEAR_MEMORY: &str = "a WebAssembly memory of the page";

/// What the page held at one moment.
pub struct Holdings {
    texts: Vec<(&'static str, String)>,
    memories: Vec<Vec<u8>>,
}

impl Holdings {
    /// How many WebAssembly memories the page has: 0 would mean that the search looked past them.
    pub fn memories(&self) -> usize {
        self.memories.len()
    }

    /// Every place that is searched; each of the memories is one.
    pub fn places(&self) -> Vec<&'static str> {
        self.texts.iter().map(|(place, _)| *place).chain(self.memories.iter().map(|_| LINEAR_MEMORY)).collect()
    }

    /// Where `secret` was found, whole or a piece of it; empty if nowhere. In linear memory it is sought as UTF-8 and as UTF-16.
    pub fn places_of(&self, secret: &str) -> Vec<&'static str> {
        let pieces = pieces(secret);
        let found = |bytes: &[u8]| pieces.iter().any(|piece| memmem::find(bytes, piece.as_bytes()).is_some());
        let found_wide = |bytes: &[u8]| {
            pieces.iter().any(|piece| {
                let wide: Vec<u8> = piece.encode_utf16().flat_map(u16::to_le_bytes).collect();
                memmem::find(bytes, &wide).is_some()
            })
        };
        let mut places: Vec<_> =
            self.texts.iter().filter(|(_, text)| found(text.as_bytes())).map(|(place, _)| *place).collect();
        let memories = self.memories.iter().filter(|memory| found(memory) || found_wide(memory));
        places.extend(memories.map(|_| LINEAR_MEMORY));
        places
    }
}

/// A long secret in pieces of 32 characters: half a token left in memory is a leak too. A short one is sought whole.
fn pieces(secret: &str) -> Vec<String> {
    let characters: Vec<char> = secret.chars().collect();
    characters
        .chunks(32)
        .filter(|piece| piece.len() == 32 || characters.len() < 32)
        .map(|piece| piece.iter().collect())
        .collect()
}
