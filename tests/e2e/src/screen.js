// What the tests of the screens ask of the page. `e2e.axe` is put in beside it; it is only run when it is first asked for.
const e2e = globalThis.e2e ??= {};

// What alerts and status lines were told: a screen reader says each of these once.
e2e.told = { alert: [], status: [] };
new MutationObserver((changes) => {
  for (const { target, addedNodes } of changes) {
    const place = (target.nodeType === 1 ? target : target.parentElement)?.closest('[role=alert], [role=status]');
    const text = [...addedNodes].map((node) => node.textContent).join('').trim();
    if (text && place && visible(place)) e2e.told[place.role].push(text);
  }
}).observe(document, { childList: true, characterData: true, subtree: true });

const visible = (element) => element.checkVisibility({ visibilityProperty: true });
const main = () => [...document.querySelectorAll('main')].find(visible);
// Where the keyboard is: in a dialog it goes nowhere else.
const room = () => document.querySelector('dialog[open]') ?? main();
const name = (element) => element.id || element.innerText?.trim() || element.value || element.ariaLabel || element.tagName;

// Where Tab should stop, in order: all that can be used, what scrolls by itself, and of a group of radio buttons the chosen one.
e2e.stops = () =>
  [...room().querySelectorAll('input, button, a[href], select, textarea, summary, [tabindex="0"]')].filter(
    (element) => visible(element) && !element.disabled && !element.closest('[inert]') && (element.type !== 'radio' || element.checked),
  );

// From where Tab goes on, where it should go to, and where it went wrong. Asked at each press, since some come and go as the page scrolls.
let from, due, wrong;
const after = (element) => e2e.stops().find((stop) => element.compareDocumentPosition(stop) & Node.DOCUMENT_POSITION_FOLLOWING);

const pressed = ({ key, type }) => {
  if (key !== 'Tab' || !from) return;
  const at = document.activeElement;
  if (type === 'keydown') due = after(from);
  // A date has four stops of its own: its three parts and its calendar.
  else if (due && !(at === from && at.type === 'date')) {
    if (at !== due) wrong.push(`Tab goes from ${name(from)} to ${name(at)}; it should to ${name(due)}`);
    from = due;
  }
};
for (const type of ['keydown', 'keyup']) addEventListener(type, pressed, { capture: true });

// Goes to the beginning, to be gone on from.
e2e.watchFocus = () => {
  e2e.before = document.activeElement;
  e2e.scrolled = scrollY;
  [from, wrong] = [room(), []];
  from.tabIndex = -1;
  from.focus({ preventScroll: true });
};

// Whether Tab was at each.
e2e.isThrough = () => !after(from);

// What is wrong with the keyboard's way through the page.
e2e.wrongStops = () => {
  from = undefined;
  room().removeAttribute('tabindex');
  if (e2e.before === document.body) document.activeElement.blur();
  else e2e.before.focus({ preventScroll: true });
  scrollTo(0, e2e.scrolled);
  return wrong;
};

// What is wrong with the page as it is laid out now.
e2e.wrongLayout = () => {
  const wrong = [];
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) wrong.push(`the page is ${root.scrollWidth} px wide`);
  const headings = [...document.querySelectorAll('h1')].filter(visible);
  if (headings.length !== 1) wrong.push(`${headings.length} h1 are visible: ${headings.map(name)}`);
  for (const element of main().querySelectorAll('*')) {
    const { left, right, width, height } = element.getBoundingClientRect();
    // What scrolls by itself may have more in it, and what is not seen may be cut.
    if (element.parentElement.closest('pre, .wide, .unseen')) continue;
    if (visible(element) && width > 1 && height > 1 && (left < 0 || right > innerWidth + 0.5)) {
      wrong.push(`${name(element)} goes from ${left} to ${right} px`);
    }
  }
  // A label is pressed for what it holds. A link in a text is as high as its line, and may go over several.
  const boxes = e2e.stops()
    .filter((element) => !element.matches('.answer a'))
    .map((element) => [name(element), (element.closest('label') ?? element).getBoundingClientRect(), element.closest('#history, .reply, .bar, .composer')]);
  for (const [who, { width, height }] of boxes) {
    if (width < 24 || height < 24) wrong.push(`${who} is ${width} by ${height} px`);
  }
  for (const [index, [who, box, column]] of boxes.entries()) {
    // A column may stand beside another, and the bar and the composer stay where they are.
    const before = boxes[index - 1]?.[2] === column && boxes[index - 1]?.[1];
    const isRow = before && box.top < before.bottom && before.top < box.bottom;
    if (before && (box.bottom <= before.top || (isRow && box.right <= before.left))) wrong.push(`${who} stands before what Tab comes to first`);
  }
  return wrong;
};

// What axe-core finds, a line each: by all rules, or by those that depend on colours.
e2e.wrongByAxe = async (colours) => {
  if (!globalThis.axe) e2e.axe();
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const all = { type: 'tag', values: tags };
  const runOnly = colours ? { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } : all;
  // It takes the links to conversations, which begin with # too, for links that skip.
  const rules = colours ? {} : { 'skip-link': { enabled: false } };
  const { violations } = await axe.run(document, { runOnly, rules, resultTypes: ['violations'] });
  const wrong = [];
  for (const { id, nodes } of violations) {
    for (const node of nodes) {
      if (id !== 'target-size' || (await isSmallInView(node))) wrong.push(`${id}: ${node.html} ${node.failureSummary}`);
    }
  }
  return wrong;
};

// Whether a target is too small when it is scrolled to. A sticky bar may cover a part of one that is scrolled elsewhere.
const isSmallInView = async ({ target: [selector] }) => {
  const before = scrollY;
  document.querySelector(selector).scrollIntoView({ block: 'center', behavior: 'instant' });
  const { violations } = await axe.run(selector, { runOnly: ['target-size'], resultTypes: ['violations'] });
  scrollTo({ top: before, behavior: 'instant' });
  return violations.length > 0;
};

// How passwords, codes and usernames are marked up for browsers and password managers.
e2e.wrongMarkup = () => {
  const wrong = [];
  // One that is not rendered until it speaks is not heard by every screen reader.
  const speakers = [...main().querySelectorAll('[role=alert], [role=status]')].filter((speaker) => !speaker.closest('#history[hidden]'));
  wrong.push(...speakers.filter((speaker) => !visible(speaker)).map((speaker) => `${name(speaker)} is not there until it speaks`));
  const forms = [...document.forms];
  if (forms.length > 1 && !document.querySelector('#chat')) wrong.push(`there are ${forms.length} forms`);
  for (const form of forms.filter(visible)) {
    const inputs = [...form.elements].filter((input) => input.matches('input') && visible(input));
    const secrets = inputs.filter((input) => input.autocomplete.endsWith('-password'));
    const username = inputs.find((input) => /^username\b/.test(input.autocomplete));
    if (secrets.length && !username) wrong.push('a password without a username');
    if (username && inputs[0] !== username) wrong.push('the username is not the first field');
    for (const input of inputs) {
      if (input.type !== 'radio' && input.id !== input.name) wrong.push(`${input.id} has the name ${input.name}`);
      if (!input.labels.length && !input.ariaLabel) wrong.push(`${input.name} has no label`);
      if (secrets.includes(input) !== ['password', 'new-password'].includes(input.name)) wrong.push(`${input.name} is ${input.autocomplete}`);
      if (input.name === 'code' && (input.autocomplete !== 'one-time-code' || input.inputMode !== 'numeric')) wrong.push('the code is not marked as one');
      for (const id of (input.getAttribute('aria-describedby') ?? '').split(' ').filter(Boolean)) {
        if (!document.getElementById(id)?.textContent.trim()) wrong.push(`${input.name} is described by ${id}, which says nothing`);
      }
    }
  }
  return wrong;
};
