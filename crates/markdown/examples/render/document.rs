//! A document that is built by carrying out steps. It is strict: a step that breaks a promise of `Step` causes a panic.

use signet_markdown::{Element, Step};

/// Part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// Plain text.
    Text(String),
    /// An element, whether it is a loose list, and its content.
    Element(Element, bool, Vec<Node>),
}

/// A document, as the steps that were not undone. So an undo is cheap, but the tree must be built each time it is needed. A page that shows each step at once
/// builds its tree as the steps come, and records since the last `Settle` how to undo them.
#[derive(Debug, Default)]
pub struct Document {
    steps: Vec<Step>,
    settled: usize,
}

impl Document {
    /// Carries out steps, in order.
    pub fn carry_out(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Undo(count) => {
                    let left = self.steps.len().checked_sub(count as usize).expect("undoes more than there is");
                    assert!(count > 0, "undoes nothing");
                    assert!(left >= self.settled, "undoes a final step");
                    self.steps.truncate(left);
                }
                Step::Settle => self.settled = self.steps.len(),
                Step::Text(text) if text.is_empty() => panic!("empty text"),
                _ => self.steps.push(step),
            }
        }
    }

    /// Whether no element is open and all steps are final.
    pub fn is_complete(&self) -> bool {
        let opened = self.steps.iter().filter(|step| matches!(step, Step::Open(_) | Step::Amend(_))).count();
        let closed = self.steps.iter().filter(|step| matches!(step, Step::Close)).count();
        opened == closed && self.settled == self.steps.len()
    }

    /// The document as a tree, with the elements that are open closed.
    pub fn nodes(&self) -> Vec<Node> {
        let mut tree = Tree::default();
        for step in &self.steps {
            tree.carry_out(step);
        }
        while !tree.open.is_empty() {
            tree.close();
        }
        tree.root
    }
}

/// A tree that is being built.
#[derive(Debug, Default)]
struct Tree {
    root: Vec<Node>,
    /// The open elements, the innermost last.
    open: Vec<Open>,
    /// Where the marked elements are: an index at each level.
    kept: Vec<Vec<usize>>,
}

#[derive(Debug)]
struct Open {
    element: Element,
    is_loose: bool,
    content: Vec<Node>,
    /// The element is being amended and goes back to this place.
    amends: Option<Vec<usize>>,
}

impl Tree {
    fn carry_out(&mut self, step: &Step) {
        match step {
            Step::Open(element) => {
                self.open.push(Open { element: element.clone(), is_loose: false, content: vec![], amends: None });
            }
            Step::Text(text) => match self.content().last_mut() {
                Some(Node::Text(before)) => before.push_str(text),
                _ => self.content().push(Node::Text(text.clone())),
            },
            Step::Close => self.close(),
            Step::Become(element) => {
                self.open.last_mut().expect("nothing is open to become another").element = element.clone();
            }
            Step::Loose => {
                let list = self
                    .open
                    .iter_mut()
                    .rev()
                    .find(|open| matches!(open.element, Element::Bullets | Element::Numbers(_)));
                list.expect("no list is open to be loose").is_loose = true;
            }
            Step::Keep => {
                let innermost = self.open.last().expect("nothing is open to be kept");
                assert!(matches!(innermost.element, Element::Paragraph | Element::Heading(_) | Element::Cell(_)));
                // Where each open element will be in its parent when it is closed.
                let parents = std::iter::once(&self.root).chain(self.open.iter().map(|open| &open.content));
                let path = parents.take(self.open.len()).map(Vec::len).collect();
                assert!(self.kept.last() != Some(&path), "keeps an element twice");
                self.kept.push(path);
            }
            Step::Amend(number) => {
                assert!(self.open.is_empty(), "amends while an element is open");
                let path = self.kept.get(*number as usize).expect("amends what was not kept").clone();
                let Node::Element(element, is_loose, _) = find(&mut self.root, &path) else {
                    panic!("amends text");
                };
                let (element, is_loose) = (element.clone(), *is_loose);
                self.open.push(Open { element, is_loose, content: vec![], amends: Some(path) });
            }
            Step::Undo(_) | Step::Settle => unreachable!("the document does not keep these"),
        }
    }

    /// The content of the innermost element.
    fn content(&mut self) -> &mut Vec<Node> {
        self.open.last_mut().map_or(&mut self.root, |open| &mut open.content)
    }

    fn close(&mut self) {
        let Open { element, is_loose, content, amends } = self.open.pop().expect("nothing is open to be closed");
        if matches!(element, Element::Rule | Element::Break) {
            assert!(content.is_empty(), "{element:?} has content");
        }
        let node = Node::Element(element, is_loose, content);
        match amends {
            Some(path) => *find(&mut self.root, &path) = node,
            None => self.content().push(node),
        }
    }
}

/// The node at a path.
fn find<'a>(nodes: &'a mut [Node], path: &[usize]) -> &'a mut Node {
    let (first, rest) = path.split_first().expect("the path of a node is not empty");
    let mut node = &mut nodes[*first];
    for index in rest {
        let Node::Element(_, _, content) = node else { panic!("text contains nothing") };
        node = &mut content[*index];
    }
    node
}
