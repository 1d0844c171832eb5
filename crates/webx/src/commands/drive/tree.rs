//! The drive's tree as the command line walks it: paths in, nodes out.

use serde_json::{Value, json};

use crate::client::{Client, RemotePath, encode};
use crate::failure::Failure;
use crate::output::{field, number};

/// A folder page holds at most this many nodes.
const PAGE: u64 = 1000;

/// A file or folder as the API shows it.
#[derive(Debug, Clone)]
pub(in crate::commands) struct Node(Value);

impl Node {
    pub(in crate::commands) fn id(&self) -> &str {
        field(&self.0, "id")
    }

    pub(in crate::commands) fn name(&self) -> &str {
        field(&self.0, "name")
    }

    pub(in crate::commands) fn size(&self) -> u64 {
        number(&self.0, "size")
    }

    pub(in crate::commands) fn is_folder(&self) -> bool {
        field(&self.0, "kind") == "folder"
    }

    pub(in crate::commands) fn field(&self, name: &str) -> &str {
        field(&self.0, name)
    }

    pub(in crate::commands) fn json(&self) -> &Value {
        &self.0
    }

    pub(in crate::commands) fn into_json(self) -> Value {
        self.0
    }

    /// Its address in the API, with `rest` behind it.
    pub(in crate::commands) fn url(&self, rest: &str) -> String {
        format!("/api/drive/nodes/{}{rest}", encode(self.id()))
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

/// The drive of the running node.
#[derive(Clone)]
pub(in crate::commands) struct Tree {
    client: Client,
}

impl Tree {
    pub(in crate::commands) fn new(client: Client) -> Self {
        Self { client }
    }

    pub(in crate::commands) fn client(&self) -> &Client {
        &self.client
    }

    /// What stands at `path`, if anything.
    pub(in crate::commands) fn find(&self, path: &RemotePath) -> anyhow::Result<Option<Node>> {
        let url = format!("/api/drive/resolve?path={}", encode(&path.to_string()));
        match self.client.get(&url) {
            Ok(node) => Ok(Some(Node(node))),
            Err(error) if is_not_found(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What stands at `path`.
    pub(in crate::commands) fn node(&self, path: &RemotePath) -> anyhow::Result<Node> {
        self.find(path)?.ok_or_else(|| {
            Failure::refused("not-found", format!("there is no {path} in the drive"))
                .todo("look with webx drive ls or webx drive search")
                .into()
        })
    }

    /// The folder at `path`.
    pub(in crate::commands) fn folder(&self, path: &RemotePath) -> anyhow::Result<Node> {
        let node = self.node(path)?;
        if node.is_folder() {
            return Ok(node);
        }
        Err(Failure::refused("not-a-folder", format!("{path} is a file, not a folder")).into())
    }

    /// The folder at `path`, made with its parents when missing.
    pub(in crate::commands) fn ensure_folder(&self, path: &RemotePath) -> anyhow::Result<Node> {
        if let Some(node) = self.find(path)? {
            if node.is_folder() {
                return Ok(node);
            }
            return Err(Failure::refused(
                "not-a-folder",
                format!("{path} is a file, not a folder"),
            )
            .into());
        }
        let Some(name) = path.name() else {
            return self.folder(path);
        };
        let parent = self.ensure_folder(&path.parent())?;
        match self.make_folder(&parent, name) {
            // Somebody made it between the look and the call.
            Err(error) if code(&error) == Some("name-taken") => self.folder(path),
            made => made,
        }
    }

    pub(in crate::commands) fn make_folder(
        &self,
        parent: &Node,
        name: &str,
    ) -> anyhow::Result<Node> {
        let made = self
            .client
            .post(&parent.url("/children"), &json!({ "name": name }))?;
        Ok(Node(made))
    }

    /// Calls `each` for every node of a folder, page by page. `query` is added to the address.
    pub(in crate::commands) fn children(
        &self,
        folder: &Node,
        query: &str,
        each: &mut dyn FnMut(Node) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut offset = 0;
        loop {
            let page = self
                .client
                .get(&folder.url(&format!("/children?offset={offset}&limit={PAGE}{query}")))?;
            let total = number(&page, "total");
            let nodes = items(page);
            let count = nodes.len() as u64;
            for node in nodes {
                each(Node(node))?;
            }
            offset += count;
            if count == 0 || offset >= total {
                return Ok(());
            }
        }
    }
}

/// A list, whether it comes bare or as a page.
pub(in crate::commands) fn items(mut value: Value) -> Vec<Value> {
    match value.get_mut("items").map(Value::take).unwrap_or(value) {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}

/// The machine-readable name of a failure, when it has one.
pub(in crate::commands) fn code(error: &anyhow::Error) -> Option<&str> {
    error.downcast_ref::<Failure>().map(Failure::code)
}

fn is_not_found(error: &anyhow::Error) -> bool {
    code(error) == Some("not-found")
}
