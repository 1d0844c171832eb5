//! Live events over a WebSocket.
//!
//! The server speaks first with a nonce; the client's first message carries token and proof over that nonce, because a
//! browser cannot put headers on a WebSocket. Then events flow. The client may say `{"type":"active"}` when the person
//! does something that causes no request.

use std::time::{Duration, Instant};

use axum::{
    extract::{
        Request, State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use utoipa::ToSchema;
use webx_drive::Op;

use crate::{
    api::{
        activity::{Activity, Notification},
        sagas::Saga,
        settings::Settings,
    },
    auth::{
        gate::{self, Caller, Visitor},
        narrow,
        sessions::random_token,
    },
    desktop::Desktop,
    door::Home,
    http::{origin::Asker, problem::Problem},
    jobs::Job,
    qnet::{ContactsChange, NetworkChange, TransfersChange},
    record::Tally,
    tables::Tables,
};

/// Events kept for a slow socket before it is told to reload.
const BACKLOG: usize = 1024;
/// How long a socket may take to show its proof.
const PROOF_WITHIN: Duration = Duration::from_secs(10);
/// How often a quiet socket is asked whether it lives.
const PING_EVERY: Duration = Duration::from_secs(20);
/// How often a waiting worker looks whether its home is still open.
const LOOK_UP: Duration = Duration::from_millis(250);
/// How long a socket may take for one message. A lock waits for that long at most.
const TAKES: Duration = Duration::from_secs(2);
/// The longest message a client may send.
const MAX_MESSAGE: usize = 8 * 1024;

/// What the server tells over `/api/live`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub(crate) enum LiveEvent {
    /// The first message: prove your key over this nonce.
    Hello {
        /// Goes into the proof's `nonce` claim.
        nonce: String,
    },
    /// The proof was taken; events follow.
    Ready,
    /// The tree changed.
    Drive(DriveChange),
    /// The node did something.
    Activity {
        /// The new entry.
        item: Activity,
    },
    /// There is a new notification.
    Notification {
        /// The notification.
        item: Notification,
    },
    /// A notification is gone.
    NotificationDismissed {
        /// Which one.
        id: String,
    },
    /// The settings changed.
    Settings {
        /// All of them.
        settings: Settings,
    },
    /// A job began, moved on or ended.
    Job(Job),
    /// An app came, changed or went.
    App(AppChange),
    /// Durable work began, moved on or ended.
    Saga {
        /// How it stands now.
        saga: Saga,
    },
    /// QNet: peers came or went, or it runs otherwise. At most once a second.
    Network(NetworkChange),
    /// Contacts changed. At most once a second.
    Contacts(ContactsChange),
    /// Files to or from contacts began, moved on or ended. At most once a second.
    Transfers(TransfersChange),
    /// The window layout was stored by another browser window.
    Desktop,
    /// The identity's names changed or its recovery was confirmed.
    Identity,
    /// Events were lost because this socket was too slow: read again what is shown.
    Resync,
    /// The home was locked; the socket closes.
    Locked,
}

/// A change of the tree.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DriveChange {
    /// What happened.
    pub(crate) op: DriveOp,
    /// To which file or folder.
    pub(crate) node: String,
    /// The folder it is in now; absent for the root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<String>,
}

/// What can happen to a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum DriveOp {
    Created,
    Changed,
    Moved,
    Renamed,
    Trashed,
    Restored,
    Purged,
}

/// A change of an app.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppChange {
    /// What happened.
    pub(crate) op: AppOp,
    /// To which installation.
    pub(crate) install: String,
    /// The app's id.
    pub(crate) app: String,
    /// Which document changed, when that is what happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<DataChange>,
}

/// A change of an app's document.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DataChange {
    /// The collection.
    pub(crate) collection: String,
    /// The document.
    pub(crate) id: String,
    /// Its version now; absent when it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<u64>,
}

/// What can happen to an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum AppOp {
    Installed,
    Updated,
    Removed,
    Restored,
    /// Its permissions or picked files changed.
    Grants,
    /// Its server side started, stopped or broke.
    Backend,
    /// A document of it changed.
    Data,
}

/// What a client may say.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum LiveMessage {
    Prove { token: String, proof: String },
    Other { r#type: String },
}

/// Where events come together. Cheap to clone.
#[derive(Clone)]
pub(crate) struct LiveHub {
    events: broadcast::Sender<LiveEvent>,
    logins: watch::Sender<()>,
}

impl LiveHub {
    pub(crate) fn new() -> Self {
        Self {
            events: broadcast::channel(BACKLOG).0,
            logins: watch::Sender::new(()),
        }
    }

    /// A login ended: sockets look whether it was theirs.
    pub(crate) fn wake(&self) {
        self.logins.send_replace(());
    }

    /// Tells everybody who listens; nobody listening is fine.
    pub(crate) fn send(&self, event: LiveEvent) {
        let _ = self.events.send(event);
    }

    fn listen(&self) -> broadcast::Receiver<LiveEvent> {
        self.events.subscribe()
    }
}

/// Passes on what the floors of an open home tell, until `ends`.
pub(crate) fn forward(
    desktop: &Desktop,
    home: &Home,
    tables: Tables,
    ends: &CancellationToken,
    tasks: &TaskTracker,
) {
    let (hub, stop) = (desktop.hub().clone(), ends.clone());
    let changes = home.drive.subscribe();
    let recorder = home.clone();
    tasks.spawn_blocking(move || {
        let mut tally = Tally::default();
        while !stop.is_cancelled() && !changes.is_closed() {
            let event = changes.recv_timeout(LOOK_UP);
            if event.is_none() || tally.is_due(Instant::now()) {
                tally.tell(&recorder);
            }
            let Some(event) = event else { continue };
            tally.add(event, Instant::now());
            if event.op == Op::Purged
                && let Err(error) = tables.drop_properties(event.node.as_bytes())
            {
                tracing::warn!("properties of a deleted file stay: {error}");
            }
            hub.send(drive_event(event));
        }
        tally.tell(&recorder);
    });
    let (hub, stop, mut entries) = (desktop.hub().clone(), ends.clone(), home.events.subscribe());
    tasks.spawn(async move {
        while let Some(next) = stop.run_until_cancelled(entries.recv()).await {
            match next {
                Ok(entry) => hub.send(LiveEvent::Activity { item: entry.into() }),
                Err(broadcast::error::RecvError::Lagged(_)) => hub.send(LiveEvent::Resync),
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    });
    let (hub, stop, mut notices) = (
        desktop.hub().clone(),
        ends.clone(),
        home.notifications.subscribe(),
    );
    tasks.spawn(async move {
        while let Some(next) = stop.run_until_cancelled(notices.recv()).await {
            match next {
                Ok(notice) => hub.send(LiveEvent::Notification {
                    item: notice.into(),
                }),
                Err(broadcast::error::RecvError::Lagged(_)) => hub.send(LiveEvent::Resync),
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    });
}

/// Passes on what happens to apps and sagas of an open home, until `ends`.
pub(crate) fn forward_apps(
    desktop: &Desktop,
    home: &Home,
    ends: &CancellationToken,
    tasks: &TaskTracker,
) {
    let (hub, stop, mut changes) = (desktop.hub().clone(), ends.clone(), home.apps.subscribe());
    tasks.spawn(async move {
        while let Some(next) = stop.run_until_cancelled(changes.recv()).await {
            match next {
                Ok(event) => hub.send(LiveEvent::App(event.into())),
                Err(broadcast::error::RecvError::Lagged(_)) => hub.send(LiveEvent::Resync),
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    });
    let (hub, stop, mut sagas) = (
        desktop.hub().clone(),
        ends.clone(),
        home.apps.sagas().subscribe(),
    );
    tasks.spawn(async move {
        while let Some(next) = stop.run_until_cancelled(sagas.recv()).await {
            match next {
                Ok(saga) => hub.send(LiveEvent::Saga { saga: saga.into() }),
                Err(broadcast::error::RecvError::Lagged(_)) => hub.send(LiveEvent::Resync),
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    });
}

impl From<webx_apps::AppEvent> for AppChange {
    fn from(event: webx_apps::AppEvent) -> Self {
        use webx_apps::AppOp as Op;
        let (op, data) = match event.op {
            Op::Installed => (AppOp::Installed, None),
            Op::Updated => (AppOp::Updated, None),
            Op::Removed => (AppOp::Removed, None),
            Op::Restored => (AppOp::Restored, None),
            Op::Backend => (AppOp::Backend, None),
            Op::Data {
                collection,
                id,
                version,
            } => (
                AppOp::Data,
                Some(DataChange {
                    collection,
                    id,
                    version,
                }),
            ),
            // Whatever else changed shows in what the app is.
            _ => (AppOp::Grants, None),
        };
        Self {
            op,
            install: event.install.to_string(),
            app: event.app.to_string(),
            data,
        }
    }
}

fn drive_event(event: webx_drive::DriveEvent) -> LiveEvent {
    let op = match event.op {
        Op::Created => DriveOp::Created,
        Op::Changed => DriveOp::Changed,
        Op::Moved => DriveOp::Moved,
        Op::Renamed => DriveOp::Renamed,
        Op::Trashed => DriveOp::Trashed,
        Op::Restored => DriveOp::Restored,
        Op::Purged => DriveOp::Purged,
        _ => return LiveEvent::Resync,
    };
    LiveEvent::Drive(DriveChange {
        op,
        node: event.node.to_string(),
        parent: event.parent.map(|p| p.to_string()),
    })
}

/// `GET /api/live`: not in the OpenAPI document's client part, because a WebSocket is no request.
pub(crate) async fn live(State(desktop): State<Desktop>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let Some(visitor) = parts.extensions.get::<Visitor>().cloned() else {
        return Problem::internal("a route without the admission layer").into_response();
    };
    if narrow::names_an_app(&parts.headers) {
        return narrow::not_for_apps().into_response();
    }
    let Some((ends, tasks)) = desktop.lock_signal() else {
        return gate::shut(&desktop).into_response();
    };
    let known = match visitor.asker {
        // A browser always names its origin on a WebSocket; `admit` compared it already.
        Asker::OwnPage => None,
        Asker::Program => match gate::identify(&desktop, &parts) {
            Ok(Caller::Control) => Some(Caller::Control),
            _ => None,
        },
        Asker::Navigation | Asker::Elsewhere => {
            return Problem::new(
                StatusCode::FORBIDDEN,
                "foreign-origin",
                "only the node's own page may do this",
            )
            .into_response();
        }
    };
    let upgrade =
        match <WebSocketUpgrade as axum::extract::FromRequestParts<Desktop>>::from_request_parts(
            &mut parts, &desktop,
        )
        .await
        {
            Ok(upgrade) => upgrade,
            Err(refused) => {
                let status = refused.status();
                return Problem::new(
                    status,
                    "not-a-websocket",
                    "this address speaks WebSocket only",
                )
                .into_response();
            }
        };
    let Some(place) = desktop.socket() else {
        return Problem::busy().into_response();
    };
    upgrade
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .on_upgrade(move |socket| {
            tasks.track_future(serve(
                desktop,
                visitor.authority,
                known,
                socket,
                ends,
                place,
            ))
        })
}

async fn serve(
    desktop: Desktop,
    authority: String,
    known: Option<Caller>,
    mut socket: WebSocket,
    ends: CancellationToken,
    _place: OwnedSemaphorePermit,
) {
    let caller = match known {
        Some(caller) => Some(caller),
        None => {
            let proving = prove(&desktop, &authority, &mut socket);
            let proving = ends.run_until_cancelled(tokio::time::timeout(PROOF_WITHIN, proving));
            proving.await.and_then(Result::ok).flatten()
        }
    };
    let Some(caller) = caller else {
        return close(socket, 4401, "no proof").await;
    };
    let events = desktop.hub().listen();
    if say(&mut socket, &LiveEvent::Ready).await.is_err() {
        return;
    }
    let (code, why) = tell(&desktop, caller, &mut socket, events, &ends).await;
    close(socket, code, why).await;
}

async fn prove(desktop: &Desktop, authority: &str, socket: &mut WebSocket) -> Option<Caller> {
    let nonce = random_token().ok()?.to_string();
    say(
        socket,
        &LiveEvent::Hello {
            nonce: nonce.clone(),
        },
    )
    .await
    .ok()?;
    let Ok(Message::Text(text)) = socket.recv().await? else {
        return None;
    };
    let Ok(LiveMessage::Prove { token, proof }) = serde_json::from_str(&text) else {
        return None;
    };
    gate::identify_socket(desktop, authority, &token, &proof, &nonce)
        .map(|login| Caller::Browser { login })
}

/// Passes events on until the socket, the login or the home ends; answers the close code.
async fn tell(
    desktop: &Desktop,
    caller: Caller,
    socket: &mut WebSocket,
    mut events: broadcast::Receiver<LiveEvent>,
    ends: &CancellationToken,
) -> (u16, &'static str) {
    let mut ping = tokio::time::interval(PING_EVERY);
    let mut heard = Instant::now();
    let mut logins = desktop.hub().logins.subscribe();
    loop {
        tokio::select! {
            () = ends.cancelled() => {
                let _ = say(socket, &LiveEvent::Locked).await;
                return (4423, "locked");
            }
            event = events.recv() => {
                let event = match event {
                    Ok(LiveEvent::Locked) => continue,
                    Ok(event) => event,
                    Err(broadcast::error::RecvError::Lagged(_)) => LiveEvent::Resync,
                    Err(broadcast::error::RecvError::Closed) => return (1001, "the node stops"),
                };
                if !is_live(desktop, caller) {
                    return (4401, "the login has ended");
                }
                if say(socket, &event).await.is_err() {
                    return (1001, "gone");
                }
            }
            Ok(()) = logins.changed() => {
                if !is_live(desktop, caller) {
                    return (4401, "the login has ended");
                }
            }
            message = socket.recv() => match message {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return (1000, "bye"),
                Some(Ok(Message::Text(text))) => {
                    heard = Instant::now();
                    match serde_json::from_str(&text) {
                        Ok(LiveMessage::Other { r#type }) if r#type == "active" => desktop.idle().touch(heard),
                        _ => return (1008, "not understood"),
                    }
                }
                Some(Ok(Message::Binary(_))) => return (1003, "text only"),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => heard = Instant::now(),
            },
            _ = ping.tick() => {
                if !is_live(desktop, caller) {
                    return (4401, "the login has ended");
                }
                if heard.elapsed() > 3 * PING_EVERY || within(socket.send(Message::Ping(Default::default()))).await.is_err() {
                    return (1001, "gone");
                }
            }
        }
    }
}

fn is_live(desktop: &Desktop, caller: Caller) -> bool {
    match caller {
        Caller::Control => true,
        Caller::Browser { login } => desktop.sessions().is_live(login, OffsetDateTime::now_utc()),
    }
}

async fn say(socket: &mut WebSocket, event: &LiveEvent) -> Result<(), ()> {
    let text = serde_json::to_string(event).map_err(|_| ())?;
    within(socket.send(Message::Text(text.into()))).await
}

/// A socket that takes nothing for a while is given up.
async fn within<E>(send: impl Future<Output = Result<(), E>>) -> Result<(), ()> {
    match tokio::time::timeout(TAKES, send).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(()),
    }
}

async fn close(mut socket: WebSocket, code: u16, why: &'static str) {
    let frame = CloseFrame {
        code,
        reason: why.into(),
    };
    let _ = within(socket.send(Message::Close(Some(frame)))).await;
}
