//! `webx service`: start the node with the machine, by the means of the platform.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;
use service_manager::{
    RestartPolicy, ServiceInstallCtx, ServiceLabel, ServiceLevel, ServiceManager,
    ServiceManagerKind, ServiceStatus, ServiceStatusCtx, ServiceStopCtx, ServiceUninstallCtx,
};

use super::Context;
use crate::args::ServiceCommand;
use crate::failure::Failure;

pub(super) fn run(context: &Context, command: ServiceCommand) -> anyhow::Result<()> {
    let manager = manager()?;
    match command {
        ServiceCommand::Install { port } => install(context, manager.as_ref(), port),
        ServiceCommand::Remove => remove(context, manager.as_ref()),
        ServiceCommand::Status => status(context, manager.as_ref()),
    }
}

/// The service of one person: user level where the platform knows it (systemd, launchd).
fn manager() -> anyhow::Result<Box<dyn ServiceManager>> {
    let unknown = || {
        let todo = if cfg!(windows) {
            "install WinSW, which runs programs as Windows services, and put it on the PATH"
        } else {
            "start the node with webx up from your own start-up scripts"
        };
        Failure::refused("no-service-manager", "no service manager was found here").todo(todo)
    };
    // A Windows service must speak to the service control manager; WinSW does that for a plain program.
    let mut manager = if cfg!(windows) {
        <dyn ServiceManager>::target(ServiceManagerKind::WinSw)
    } else {
        <dyn ServiceManager>::native().map_err(|_| unknown())?
    };
    if !manager.available().unwrap_or(false) {
        return Err(unknown().into());
    }
    // Windows knows system services only; there the call is refused and the level stays.
    let _ = manager.set_level(ServiceLevel::User);
    Ok(manager)
}

fn label() -> ServiceLabel {
    ServiceLabel {
        qualifier: None,
        organization: None,
        application: "webx".into(),
    }
}

fn install(
    context: &Context,
    manager: &dyn ServiceManager,
    port: Option<u16>,
) -> anyhow::Result<()> {
    let program = std::env::current_exe().context("cannot find the program's own file")?;
    let arguments = arguments(context, port);
    manager
        .install(ServiceInstallCtx {
            label: label(),
            program: program.clone(),
            args: arguments.clone(),
            contents: cfg!(target_os = "linux").then(|| unit(&program, &arguments)),
            username: None,
            working_directory: None,
            environment: None,
            autostart: true,
            restart_policy: RestartPolicy::OnFailure {
                delay_secs: Some(5),
                max_retries: None,
                reset_after_secs: None,
            },
        })
        .map_err(|error| failed("install", &error))?;
    context
        .output
        .show(&json!({ "installed": true, "data": context.data }), |out| {
            writeln!(out, "the node starts with the machine; it starts locked")?;
            writeln!(out, "To start it now: webx up")
        })
}

/// `webx up` on this very folder, without a browser. No secret is ever stored: the node starts locked.
fn arguments(context: &Context, port: Option<u16>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec![
        "--data".into(),
        context.data.clone().into_os_string(),
        "up".into(),
        "--no-open".into(),
    ];
    if let Some(port) = port {
        arguments.push("--port".into());
        arguments.push(port.to_string().into());
    }
    arguments
}

/// The systemd user unit. Paths may hold spaces, `%` and `$`, which the unit format gives a meaning.
fn unit(program: &Path, arguments: &[OsString]) -> String {
    let words: Vec<String> = std::iter::once(program.as_os_str())
        .chain(arguments.iter().map(OsString::as_os_str))
        .map(|word| quote(&word.to_string_lossy()))
        .collect();
    format!(
        "[Unit]\n\
         Description=WEB X. OS\n\
         After=network.target\n\
         \n\
         [Service]\n\
         ExecStart={}\n\
         Restart=on-failure\n\
         RestartSec=5\n\
         TimeoutStopSec=60\n\
         NoNewPrivileges=yes\n\
         UMask=0077\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n",
        words.join(" ")
    )
}

/// One word of `ExecStart=` (systemd.syntax: double quotes, C escapes; `%` and `$` are doubled).
fn quote(word: &str) -> String {
    let mut out = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '%' | '$' => out.extend([c, c]),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn remove(context: &Context, manager: &dyn ServiceManager) -> anyhow::Result<()> {
    if matches!(state(manager)?, ServiceStatus::Running) {
        manager
            .stop(ServiceStopCtx { label: label() })
            .map_err(|error| failed("stop", &error))?;
    }
    if !matches!(state(manager)?, ServiceStatus::NotInstalled) {
        manager
            .uninstall(ServiceUninstallCtx { label: label() })
            .map_err(|error| failed("remove", &error))?;
    }
    context.output.show(&json!({ "installed": false }), |out| {
        writeln!(
            out,
            "the node no longer starts with the machine; the data stays"
        )
    })
}

fn status(context: &Context, manager: &dyn ServiceManager) -> anyhow::Result<()> {
    let state = state(manager)?;
    let (installed, running, text) = match state {
        ServiceStatus::NotInstalled => (false, false, "not installed"),
        ServiceStatus::Running => (true, true, "installed, running"),
        ServiceStatus::Stopped(_) => (true, false, "installed, not running"),
    };
    context.output.show(
        &json!({ "installed": installed, "running": running }),
        |out| writeln!(out, "{text}"),
    )
}

fn state(manager: &dyn ServiceManager) -> anyhow::Result<ServiceStatus> {
    match manager.status(ServiceStatusCtx { label: label() }) {
        Ok(state) => Ok(state),
        // Without a login session systemd's user manager does not answer, and runs nothing; the unit file tells the rest.
        Err(_) if cfg!(target_os = "linux") && unit_path().is_some_and(|path| path.exists()) => {
            Ok(ServiceStatus::Stopped(None))
        }
        Err(_) if cfg!(target_os = "linux") => Ok(ServiceStatus::NotInstalled),
        Err(error) => Err(failed("ask", &error).into()),
    }
}

fn unit_path() -> Option<std::path::PathBuf> {
    let dirs = directories::BaseDirs::new()?;
    Some(dirs.config_dir().join("systemd/user/webx.service"))
}

fn failed(what: &str, error: &std::io::Error) -> Failure {
    Failure::refused(
        "service-manager",
        format!("the service manager could not {what}: {error}"),
    )
    .todo("see its own log")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_spaces_and_signs_survives_the_unit() {
        let unit = unit(
            Path::new("/opt/my apps/webx"),
            &["--data".into(), "/home/a/50% \"$x\"".into()],
        );
        let line = r#"ExecStart="/opt/my apps/webx" "--data" "/home/a/50%% \"$$x\"""#;
        assert!(unit.lines().any(|found| found == line), "{unit}");
    }
}
