//! Backends and workflows.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::common::{World, Wxa, answer};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use parking_lot::Mutex;
use serde_json::{Value, json};
use webx_apps::{Data, Error, InstallId};
use webx_backends::{Authority, body};
use webx_sagas::State;

fn call(world: &World, install: InstallId, path: &str) -> Result<String, Error> {
    let request = Request::get(path).body(body("")).unwrap();
    world.block_on(async {
        let response = world.apps.call(install, "request-1", request).await?;
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Ok(String::from_utf8(bytes.to_vec()).unwrap())
    })
}

#[test]
fn a_backend_is_compiled_once_starts_at_the_first_call_and_ends_with_the_app() {
    let world = World::new();
    let wxa = Wxa::new("service", "1.0.0").with_backend();
    let install = world.install(&wxa.pack());
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    assert_eq!(
        (
            count(&world.backends.compiled),
            count(&world.backends.started)
        ),
        (1, 0)
    );
    assert_eq!(
        call(&world, install, "/hello?x=1").unwrap(),
        "GET /hello?x=1 did:key:zPerson"
    );
    call(&world, install, "/again").unwrap();
    assert_eq!(
        (
            count(&world.backends.compiled),
            count(&world.backends.started)
        ),
        (1, 1)
    );
    assert!(world.apps.backend(install).unwrap().is_some());
    let mut next = wxa.clone();
    next.manifest["version"] = json!("1.1.0");
    world.install(&next.pack());
    assert_eq!(
        count(&world.backends.stopped),
        1,
        "an update ends the old one"
    );
    call(&world, install, "/new").unwrap();
    let world = world.reopen();
    assert_eq!(count(&world.backends.stopped), 2, "the lock ends it");
    call(&world, install, "/").unwrap();
    assert_eq!(count(&world.backends.compiled), 2);
    let (begun, _) = world.apps.remove(install, Data::Keep).unwrap();
    world.done(begun.saga);
    assert_eq!(count(&world.backends.stopped), 3);
    assert!(matches!(
        call(&world, install, "/"),
        Err(Error::NotInstalled(_))
    ));
    let still = world.install(&Wxa::new("still", "1.0.0").pack());
    assert!(matches!(call(&world, still, "/"), Err(Error::NoBackend)));
}

#[test]
fn another_version_of_the_program_compiles_again() {
    let world = World::new();
    let install = world.install(&Wxa::new("service", "1.0.0").with_backend().pack());
    *world.backends.engine.lock() = "engine 2".into();
    let world = world.reopen();
    call(&world, install, "/").unwrap();
    assert_eq!(world.backends.compiled.load(Ordering::Relaxed), 2);
    assert_eq!(world.rows(&[])["app_code"].len(), 1);
}

#[test]
fn a_backend_reaches_only_hosts_that_were_granted() {
    let world = World::new();
    let asks =
        json!([{ "kind": "network", "hosts": ["api.weather.org", "*.tiles.org"], "reason": "r" }]);
    let install = world.install(
        &Wxa::new("weather", "1.0.0")
            .with_backend()
            .asks(json!([]), asks)
            .pack(),
    );
    let refused = Arc::new(Mutex::new(Vec::new()));
    let list = refused.clone();
    world.backends.answers(move |launch, context, request| {
        let uri = String::from_utf8(request.into_body()).unwrap();
        let to = Authority::of(&uri.parse().unwrap()).unwrap();
        if let Err(denied) = launch.network.allow(context.install, &to) {
            list.lock().push(denied.to_string());
        }
        Response::new(Vec::new())
    });
    let ask = |uri: &str| {
        refused.lock().clear();
        let request = Request::post("/").body(body(uri.to_owned())).unwrap();
        world
            .block_on(world.apps.call(install, "r", request))
            .unwrap();
        refused.lock().is_empty()
    };
    assert!(ask("https://api.weather.org/v1") && ask("https://a.tiles.org/1/2/3"));
    for uri in [
        "http://api.weather.org/",
        "https://api.weather.org:8443/",
        "https://weather.org/",
        "https://api.weather.org.evil.com/",
        "https://tiles.org/",
        "https://127.0.0.1/",
    ] {
        assert!(!ask(uri), "{uri}");
    }
    world
        .apps
        .set_grants(install, &[], &["network:api.weather.org".into()])
        .unwrap();
    assert!(!ask("https://api.weather.org/v1"), "taken back at once");
}

/// A shop that books a train and a hotel, each the service of another app.
fn shop(world: &World) -> InstallId {
    let service = |id: &str, idempotent: bool| {
        Wxa::new(id, "1.0.0").with_backend().set(
            "services",
            json!([
                { "name": "book", "method": "POST", "path": "/book", "idempotent": idempotent },
                { "name": "cancel", "method": "POST", "path": "/cancel", "idempotent": true },
            ]),
        )
    };
    world.install(&service("train", true).pack());
    world.install(&service("hotel", true).pack());
    let shop = Wxa::new("shop", "1.0.0")
        .asks(json!([{ "kind": "services", "apps": ["own.train", "own.hotel"], "reason": "Books." }]), json!([]))
        .set(
            "workflows",
            json!([{ "name": "trip", "title": "Book a trip", "steps": [
                { "name": "train", "app": "own.train", "service": "book", "undo": "cancel", "timeoutSeconds": 5, "attempts": 2,
                  "with": { "to": "/input/city" } },
                { "name": "hotel", "app": "own.hotel", "service": "book", "undo": "cancel", "timeoutSeconds": 5, "attempts": 2,
                  "with": { "ticket": "/steps/train/ticket" } },
            ] }]),
        );
    world.install(&shop.pack())
}

#[test]
fn a_workflow_calls_services_of_several_apps_and_is_undone_when_one_fails() {
    let world = World::new();
    let shop = shop(&world);
    let calls = Arc::new(Mutex::new(Vec::<(String, String, Value)>::new()));
    let full = Arc::new(AtomicU64::new(0));
    let (list, is_full) = (calls.clone(), full.clone());
    world.backends.answers(move |launch, _, request| {
        let key = request.headers()["idempotency-key"]
            .to_str()
            .unwrap()
            .to_owned();
        let path = request.uri().path().to_owned();
        let sent: Value = serde_json::from_slice(request.body()).unwrap();
        let hotel = sent.get("ticket").is_some() || sent["sent"].get("ticket").is_some();
        let name = format!("{}{path}", if hotel { "hotel" } else { "train" });
        list.lock().push((name.clone(), key, sent));
        let _ = launch;
        if name == "hotel/book" && is_full.load(Ordering::Relaxed) == 1 {
            return answer(StatusCode::CONFLICT, &json!({ "why": "no room" }));
        }
        answer(StatusCode::OK, &json!({ "ticket": 7 }))
    });
    let begun = world
        .apps
        .start_workflow(shop, "trip", json!({ "city": "Trieste" }), Some("order-1"))
        .unwrap();
    let again = world
        .apps
        .start_workflow(shop, "trip", json!({ "city": "Trieste" }), Some("order-1"))
        .unwrap();
    assert_eq!(begun.saga, again.saga, "one order, one trip");
    world.done(begun.saga);
    {
        let calls = calls.lock();
        assert_eq!(calls.len(), 2);
        assert_eq!(
            (calls[0].0.as_str(), &calls[0].2),
            ("train/book", &json!({ "to": "Trieste" }))
        );
        assert_eq!(
            (calls[1].0.as_str(), &calls[1].2),
            ("hotel/book", &json!({ "ticket": 7 }))
        );
        assert_eq!(calls[0].1, format!("{}/train", begun.saga));
    }
    // The person takes it back.
    assert!(world.apps.sagas().get(begun.saga).unwrap().can_undo);
    world.apps.sagas().undo(begun.saga).unwrap();
    assert_eq!(
        world.apps.sagas().wait(begun.saga).unwrap().state,
        State::Undone
    );
    let names: Vec<_> = calls.lock().drain(..).map(|call| call.0).collect();
    assert_eq!(
        names,
        ["train/book", "hotel/book", "hotel/cancel", "train/cancel"]
    );

    full.store(1, Ordering::Relaxed);
    let begun = world
        .apps
        .start_workflow(shop, "trip", json!({ "city": "Graz" }), None)
        .unwrap();
    let saga = world.apps.sagas().wait(begun.saga).unwrap();
    assert_eq!(
        (saga.state, saga.reason.as_deref()),
        (State::Undone, Some("the service answered 409"))
    );
    let calls = calls.lock();
    let names: Vec<_> = calls.iter().map(|call| call.0.as_str()).collect();
    assert_eq!(names.first(), Some(&"train/book"));
    assert_eq!(names.last(), Some(&"train/cancel"));
    assert_eq!(
        calls.last().unwrap().2["answer"],
        json!({ "ticket": 7 }),
        "it is told what to undo"
    );
}

#[test]
fn a_workflow_needs_the_permission_for_each_app_it_calls() {
    let world = World::new();
    let shop = shop(&world);
    world
        .apps
        .set_grants(shop, &[], &["services:own.hotel".into()])
        .unwrap();
    let denied = world.apps.start_workflow(shop, "trip", json!({}), None);
    assert!(
        matches!(denied, Err(Error::Denied(denied)) if denied.detail.contains("services:own.hotel"))
    );
    assert!(matches!(
        world.apps.start_workflow(shop, "else", json!({}), None),
        Err(Error::NotFound(_))
    ));
    let large = json!("x".repeat(100_000));
    assert!(matches!(
        world.apps.start_workflow(shop, "trip", large, None),
        Err(Error::TooLarge { .. })
    ));
}
