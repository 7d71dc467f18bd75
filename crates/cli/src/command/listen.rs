//! `listen`: receives deliveries and shows them.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use clap::Args;
use clerk_webhooks::WebhookEndpoint;
use http::StatusCode;
use tokio::{net::TcpListener, sync::mpsc};

use crate::{
    attempt::runtime,
    explain::Circumstances,
    failure::{Ending, Failure},
    input::{SecretArgs, no_secret, parsed},
    listen::{History, Page, Received, Receiver, Service, Verdict, serve},
    output::{Colour, Output, escaped, utc},
    queue::QueueArgs,
    secret::verifier_of,
    send::Target,
};

/// How many deliveries wait to be printed. Further ones wait for their answer.
const MAX_WAITING: usize = 64;

/// Receive deliveries, verify them, and print one line for each
#[derive(Debug, Args)]
#[command(
    after_help = "It answers as a service that uses the library: 204, or 4xx to a delivery that it refuses. Every path \
receives.

Examples:
  clerk-webhooks listen --ui
  clerk-webhooks listen --ui --forward-to http://127.0.0.1:3000/webhooks/clerk
  clerk-webhooks listen --record capture.jsonl --status 500

Exit code: 130 after Ctrl-C, 2 if the address is taken, 3 if the file cannot be written, 5 if the queue cannot be opened."
)]
pub(crate) struct ListenArgs {
    /// The address to listen on; port 0 is any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4600")]
    bind: SocketAddr,
    /// Send each verified delivery on to your service, unchanged, and answer as it does
    #[arg(long, value_name = "URL")]
    forward_to: Option<Target>,
    /// Answer each verified delivery with this status, to see how the sender retries
    #[arg(long, value_name = "CODE", default_value = "204", conflicts_with = "forward_to", value_parser = parse_status)]
    status: StatusCode,
    /// Append each delivery, refused ones too, to this file, which `verify`, `explain` and `replay` read
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Show the deliveries in your browser, on a page that only this machine can open. With --database-url also the
    /// dead letters of that queue
    #[arg(long)]
    ui: bool,
    /// The port of the page; 0 is any free one
    #[arg(long, value_name = "PORT", default_value = "4601", requires = "ui")]
    ui_port: u16,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    queue: QueueArgs,
}

fn parse_status(text: &str) -> Result<StatusCode, &'static str> {
    let status = text.parse().ok();
    let status = status.filter(|status: &StatusCode| (200..600).contains(&status.as_u16()));
    status.ok_or("use a status from 200 to 599")
}

pub(crate) fn run(args: &ListenArgs, output: &mut Output) -> Result<Ending, Failure> {
    if args.queue.is_given() && !args.ui {
        let text = "dead letters are shown on the page: give --ui with --database-url";
        return Err(Failure::Usage(text.to_owned()));
    }
    let runtime = runtime()?;
    let ended = runtime.block_on(listen(args, output));
    // An explanation may take seconds; nobody waits for it any more.
    runtime.shutdown_background();
    ended
}

async fn listen(args: &ListenArgs, output: &mut Output) -> Result<Ending, Failure> {
    let texts = args.secret.texts()?;
    let secrets = parsed(&texts)?;
    let service = args.forward_to.clone().zip(secrets.first().cloned());
    let service = service.map(|(target, secret)| Arc::new(Service::new(target, secret)));
    let endpoint = WebhookEndpoint::new(verifier_of(secrets).ok_or_else(no_secret)?);
    let (listener, url) = bind(args.bind, "--bind").await?;
    let (sender, received) = mpsc::channel(MAX_WAITING);
    let receiver = Receiver::new(endpoint, args.status, service.clone(), sender);
    let history = args.ui.then(Arc::<History>::default);
    let mut log = Log {
        output,
        record: args.record.as_deref().map(Record::open).transpose()?,
        history: history.clone(),
    };
    let ui = match history {
        Some(history) => {
            let circumstances = Circumstances::of_secrets(texts);
            Some(open_page(args, &url, history, service, circumstances).await?)
        }
        None => None,
    };
    log.print_ready(&url, ui.as_deref())?;
    tokio::spawn(serve(listener, move |request| {
        receiver.clone().answer(request)
    }));
    log.follow(received).await
}

/// Serves the page and returns its address.
async fn open_page(
    args: &ListenArgs,
    receiver: &str,
    history: Arc<History>,
    service: Option<Arc<Service>>,
    circumstances: Circumstances,
) -> Result<String, Failure> {
    let queue = match args.queue.is_given() {
        true => Some(args.queue.open().await?),
        false => None,
    };
    let address = (Ipv4Addr::LOCALHOST, args.ui_port).into();
    let (listener, url) = bind(address, "--ui-port").await?;
    let port = listener.local_addr()?.port();
    let page = Page::new(
        port,
        receiver.to_owned(),
        history,
        service,
        queue,
        circumstances,
    );
    let no_random = || Failure::Input("the system has no random numbers".to_owned());
    let page = page.ok_or_else(no_random)?;
    tokio::spawn(serve(listener, move |request| page.clone().answer(request)));
    Ok(url)
}

async fn bind(address: SocketAddr, option: &str) -> Result<(TcpListener, String), Failure> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| {
        Failure::Usage(format!(
            "cannot listen on {address}: {error}; choose another with {option}"
        ))
    })?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

/// Where deliveries go that are answered.
struct Log<'a> {
    output: &'a mut Output,
    record: Option<Record<'a>>,
    history: Option<Arc<History>>,
}

impl Log<'_> {
    fn print_ready(&mut self, url: &str, ui: Option<&str>) -> Result<(), Failure> {
        if self.output.is_json() {
            let ready = serde_json::json!({ "type": "ready", "url": url, "ui": ui });
            return Ok(self.output.object(&ready)?);
        }
        self.output.line(format!("listening on {url}"))?;
        if let Some(ui) = ui {
            self.output.line(format!("page at      {ui}"))?;
        }
        Ok(())
    }

    async fn follow(&mut self, mut received: mpsc::Receiver<Received>) -> Result<Ending, Failure> {
        let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
        loop {
            tokio::select! {
                Some(received) = received.recv() => self.add(received)?,
                _ = &mut interrupt => return Ok(Ending::Interrupted),
            }
        }
    }

    fn add(&mut self, received: Received) -> Result<(), Failure> {
        if let Some(record) = &mut self.record {
            record.write(&received)?;
        }
        let received = Arc::new(received);
        if let Some(history) = &self.history {
            history.add(received.clone());
        }
        print(&received, self.output)
    }
}

/// The file of `--record`.
struct Record<'a> {
    path: &'a Path,
    file: File,
}

impl<'a> Record<'a> {
    /// Bodies are personal data: the file is made for its owner alone.
    fn open(path: &'a Path) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(path)
            .map_err(|error| unwritable(path, &error))?;
        Ok(Self { path, file })
    }

    fn write(&mut self, received: &Received) -> Result<(), Failure> {
        let line = serde_json::to_string(&received.delivery).map_err(std::io::Error::from);
        let written = line.and_then(|line| self.file.write_all((line + "\n").as_bytes()));
        written.map_err(|error| unwritable(self.path, &error))
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Input(format!("cannot write {}: {error}", path.display()))
}

fn print(received: &Received, output: &mut Output) -> Result<(), Failure> {
    let summary = &received.summary;
    if output.is_json() {
        return Ok(output.object(summary)?);
    }
    let text = |text: &Option<String>| escaped(text.as_deref().unwrap_or("-"));
    let verdict = match summary.verdict {
        Verdict::Verified => output.paint(Colour::Green, "verified   "),
        Verdict::Undecodable => output.paint(Colour::Yellow, "undecodable"),
        Verdict::Refused => output.paint(Colour::Red, "refused    "),
    };
    let error = summary
        .forwarded
        .as_ref()
        .and_then(|forwarded| forwarded.error.as_deref());
    let line = format!(
        "{}  {:<31}  {:<30}  {:<32}  {verdict}  {}  {:>8.1} ms  {} {}",
        time_of_day(summary.received_at_ms),
        text(&summary.svix_id),
        text(&summary.event_type),
        text(&summary.object_id),
        summary.status,
        summary.latency_ms,
        summary.reason.unwrap_or_default(),
        escaped(error.unwrap_or_default())
    );
    Ok(output.line(line.trim_end())?)
}

/// In UTC.
fn time_of_day(milliseconds: Option<u64>) -> String {
    let time = UNIX_EPOCH + Duration::from_millis(milliseconds.unwrap_or_default());
    utc(time).get(11..).unwrap_or_default().to_owned()
}
