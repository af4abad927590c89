//! Which parts of the input a policy looks at.

use serde_json::Value as Node;

/// Whether a syntax tree may read `input.history`: it names it, or takes the input as a whole or by a name that is only known
/// when it runs. It can say yes too often, and never no where it does read.
pub(crate) fn may_read_history(node: &Node) -> bool {
    match node {
        Node::Array(items) => items.iter().any(may_read_history),
        Node::Object(fields) => fields.iter().any(|(kind, child)| match kind.as_str() {
            "RefDot" | "RefBrack" if is_input(&child["refr"]) => match field_of(child) {
                Some(field) => field == "history",
                None => true,
            },
            "Var" => child["value"] == "input",
            _ => may_read_history(child),
        }),
        _ => false,
    }
}

fn is_input(node: &Node) -> bool {
    node["Var"]["value"] == "input"
}

/// The field that a reference takes, when it is written out.
fn field_of(reference: &Node) -> Option<&str> {
    reference["field"][1].as_str().or_else(|| reference["index"]["String"]["value"].as_str())
}
