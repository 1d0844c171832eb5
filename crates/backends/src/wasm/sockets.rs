//! `wasi:sockets` for guests that import it without meaning to, as every Python does: each call says that it is not
//! permitted, and no socket of this machine is behind it.

use std::sync::Arc;

use wasmtime::component::types::{ComponentItem, Type};
use wasmtime::component::{Component, Linker, Resource, ResourceType, Val};

use super::guest::Guest;

/// Stands for every handle of these interfaces; none is ever made but the one network.
struct Refused;

/// Defines what `component` imports of `wasi:sockets`.
pub(super) fn refuse(linker: &mut Linker<Guest>, component: &Component) -> wasmtime::Result<()> {
    let engine = component.engine().clone();
    for (name, import) in component.component_type().imports(&engine) {
        let ComponentItem::ComponentInstance(instance) = import.ty else {
            continue;
        };
        if !name.starts_with("wasi:sockets/") {
            continue;
        }
        let mut interface = linker.instance(name)?;
        for (name, export) in instance.exports(&engine) {
            match export.ty {
                // `pollable`, `input-stream` and so on are those of `wasi:io`.
                ComponentItem::Resource(_)
                    if matches!(
                        name,
                        "pollable" | "input-stream" | "output-stream" | "error"
                    ) => {}
                ComponentItem::Resource(_) => {
                    interface.resource(name, ResourceType::host::<Refused>(), |_, _| Ok(()))?;
                }
                ComponentItem::ComponentFunc(_) if name == "instance-network" => {
                    interface
                        .func_wrap(name, |_, (): ()| Ok((Resource::<Refused>::new_own(0),)))?;
                }
                ComponentItem::ComponentFunc(function) => {
                    let refusal = function
                        .results()
                        .next()
                        .and_then(|result| refusal(&result));
                    let called: Arc<str> = name.into();
                    interface.func_new_async(name, move |mut store, _, arguments, results| {
                        let (refusal, called) = (refusal.clone(), Arc::clone(&called));
                        Box::new(async move {
                            // A handle that was lent goes back before the answer.
                            for argument in arguments {
                                if let Val::Resource(lent) = argument {
                                    lent.resource_drop_async(&mut store).await?;
                                }
                            }
                            match (refusal, results.first_mut()) {
                                (Some(refusal), Some(result)) => {
                                    *result = refusal;
                                    Ok(())
                                }
                                _ => Err(wasmtime::Error::msg(format!(
                                    "it called {called}, and apps have no sockets"
                                ))),
                            }
                        })
                    })?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// `err(access-denied)`, where the function can say so.
fn refusal(result: &Type) -> Option<Val> {
    let Type::Result(result) = result else {
        return None;
    };
    let Some(Type::Enum(codes)) = result.err() else {
        return None;
    };
    codes
        .names()
        .any(|name| name == "access-denied")
        .then(|| Val::Result(Err(Some(Box::new(Val::Enum("access-denied".into()))))))
}
