//! The layer in every place of an application, with every usual middleware outside and inside of it.
//!
//! One table of rows, each an application as its user would write it, and one driver that talks to
//! each over a socket. That a row compiles is half of what it tests.

use std::{
    convert::Infallible,
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use axum::{
    BoxError, Router,
    body::Body,
    error_handling::HandleErrorLayer,
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header::CONTENT_ENCODING},
    middleware::{self, Next, from_fn},
    response::Response,
    routing::{MethodRouter, post},
};
use bytes::Bytes;
use clerk_webhooks::{
    ClerkWebhookLayer, VerifiedBody, VerifiedClerkEvent, VerifiedDelivery, Verifier,
    testing::SignedRequest,
};
use flate2::{Compression, write::GzEncoder};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{net::TcpListener, task::JoinHandle};
use tower::{
    Service, ServiceBuilder, ServiceExt as _, buffer::BufferLayer, limit::ConcurrencyLimitLayer,
    load_shed::LoadShedLayer, make::Shared, util::BoxCloneService,
};
use tower_http::{
    ServiceBuilderExt as _,
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    cors::CorsLayer,
    decompression::RequestDecompressionLayer,
    limit::RequestBodyLimitLayer,
    request_id::{MakeRequestUuid, SetRequestIdLayer},
    timeout::{RequestBodyDeadlineLayer, TimeoutLayer},
    trace::TraceLayer,
};

use crate::{
    common::{other_secret, secret},
    connection::{Connection, PATIENCE, in_chunks, with_length},
};

const LAYER_LIMIT: usize = 2048;
const OTHER_LIMIT: usize = 1024;

/// How often the handler ran.
type Ran = Arc<AtomicUsize>;

/// Where the layer is put, and what becomes of requests that are no deliveries: what no layer of axum's
/// sees stays axum's to answer.
struct Point {
    name: &'static str,
    get: u16,
    /// A path beside the endpoint's, `/webhooks/elsewhere`.
    sibling: u16,
    /// A path out of a nested router's reach, `/elsewhere`.
    elsewhere: u16,
}

const fn point(name: &'static str, get: u16, sibling: u16, elsewhere: u16) -> Point {
    Point {
        name,
        get,
        sibling,
        elsewhere,
    }
}

const METHOD_ROUTE_LAYER: Point = point("MethodRouter::route_layer", 405, 404, 404);
const METHOD_LAYER: Point = point("MethodRouter::layer", 400, 404, 404);
const ROUTER_ROUTE_LAYER: Point = point("Router::route_layer", 400, 404, 404);
const ROUTER_LAYER: Point = point("Router::layer", 400, 400, 400);
const NEST: Point = point("nest", 400, 404, 404);
const NEST_SERVICE: Point = point("nest_service", 400, 400, 404);
const SERVICE_BUILDER: Point = point("ServiceBuilder", 405, 404, 404);
const AROUND_ROUTER: Point = point("axum::serve around a Router", 400, 400, 400);
const HYPER: Point = point("hyper", 400, 400, 400);

/// Where the other middleware is, seen from the layer.
#[derive(Debug, Clone, Copy)]
enum Side {
    Outside,
    Inside,
}

use Side::{Inside, Outside};

/// An application: where the layer is, what else is there and on which side, and how to serve it.
struct Row {
    point: Point,
    side: Side,
    other: &'static str,
    serve: Serve,
}

type Serve = fn(TcpListener, ClerkWebhookLayer, Ran) -> AbortOnDrop;

fn row(point: Point, side: Side, other: &'static str, serve: Serve) -> Row {
    Row {
        point,
        side,
        other,
        serve,
    }
}

fn clerk() -> ClerkWebhookLayer {
    ClerkWebhookLayer::new(Verifier::new(secret())).with_max_body_bytes(LAYER_LIMIT)
}

async fn on_event(State(ran): State<Ran>, _: VerifiedClerkEvent) -> StatusCode {
    ran.fetch_add(1, Relaxed);
    StatusCode::NO_CONTENT
}

async fn pass(request: Request, next: Next) -> Response {
    next.run(request).await
}

async fn restyle(response: Response) -> Response {
    response
}

async fn overloaded(_: BoxError) -> StatusCode {
    StatusCode::SERVICE_UNAVAILABLE
}

/// A row for each of axum's attachment points and each side.
///
/// Where all layers stand in one stack, with no box of axum's between them, some middleware needs a
/// line of help: that is what the second form is for.
macro_rules! in_axum {
    ($other:literal, $layer:expr) => {
        in_axum!($other, $layer, in one stack outside: $layer, inside: $layer)
    };
    (
        $other:literal,
        $layer:expr,
        in one stack outside: $stacked_outside:expr,
        inside: $stacked_inside:expr
    ) => {
        vec![
            row(METHOD_ROUTE_LAYER, Outside, $other, |listener, clerk, ran| {
                let route = post(on_event).route_layer(clerk).route_layer($layer);
                serve_route(listener, route, ran)
            }),
            row(METHOD_ROUTE_LAYER, Inside, $other, |listener, clerk, ran| {
                let route = post(on_event).route_layer($layer).route_layer(clerk);
                serve_route(listener, route, ran)
            }),
            // In one stack: of two `.layer` in a row axum cannot infer the first one's error.
            row(METHOD_LAYER, Outside, $other, |listener, clerk, ran| {
                let stack = ServiceBuilder::new().layer($stacked_outside).layer(clerk);
                let route = post(on_event).layer(stack);
                serve_route(listener, route, ran)
            }),
            row(METHOD_LAYER, Inside, $other, |listener, clerk, ran| {
                let stack = ServiceBuilder::new().layer(clerk).layer($stacked_inside);
                let route = post(on_event).layer(stack);
                serve_route(listener, route, ran)
            }),
            row(ROUTER_ROUTE_LAYER, Outside, $other, |listener, clerk, ran| {
                let app = Router::new()
                    .route("/webhooks/clerk", post(on_event))
                    .route_layer(clerk)
                    .route_layer($layer)
                    .with_state(ran);
                serve_axum(listener, app)
            }),
            row(ROUTER_ROUTE_LAYER, Inside, $other, |listener, clerk, ran| {
                let app = Router::new()
                    .route("/webhooks/clerk", post(on_event))
                    .route_layer($layer)
                    .route_layer(clerk)
                    .with_state(ran);
                serve_axum(listener, app)
            }),
            row(ROUTER_LAYER, Outside, $other, |listener, clerk, ran| {
                let app = Router::new()
                    .route("/webhooks/clerk", post(on_event))
                    .layer(clerk)
                    .layer($layer)
                    .with_state(ran);
                serve_axum(listener, app)
            }),
            row(ROUTER_LAYER, Inside, $other, |listener, clerk, ran| {
                let app = Router::new()
                    .route("/webhooks/clerk", post(on_event))
                    .layer($layer)
                    .layer(clerk)
                    .with_state(ran);
                serve_axum(listener, app)
            }),
            row(NEST, Outside, $other, |listener, clerk, ran| {
                let webhooks = Router::new().route("/clerk", post(on_event)).layer(clerk);
                let app = Router::new()
                    .nest("/webhooks", webhooks)
                    .layer($layer)
                    .with_state(ran);
                serve_axum(listener, app)
            }),
            row(NEST, Inside, $other, |listener, clerk, ran| {
                let webhooks = Router::new()
                    .route("/clerk", post(on_event))
                    .layer($layer)
                    .layer(clerk);
                let app = Router::new().nest("/webhooks", webhooks).with_state(ran);
                serve_axum(listener, app)
            }),
            row(NEST_SERVICE, Outside, $other, |listener, clerk, ran| {
                let webhooks = Router::new().route("/clerk", post(on_event)).with_state(ran);
                let webhooks = ServiceBuilder::new()
                    .layer($stacked_outside)
                    .layer(clerk)
                    .service(webhooks);
                serve_axum(listener, Router::new().nest_service("/webhooks", webhooks))
            }),
            row(NEST_SERVICE, Inside, $other, |listener, clerk, ran| {
                let webhooks = Router::new().route("/clerk", post(on_event)).with_state(ran);
                let webhooks = ServiceBuilder::new()
                    .layer(clerk)
                    .layer($stacked_inside)
                    .service(webhooks);
                serve_axum(listener, Router::new().nest_service("/webhooks", webhooks))
            }),
            row(SERVICE_BUILDER, Outside, $other, |listener, clerk, ran| {
                let stack = ServiceBuilder::new().layer($stacked_outside).layer(clerk);
                let route = post(on_event).route_layer(stack);
                serve_route(listener, route, ran)
            }),
            row(SERVICE_BUILDER, Inside, $other, |listener, clerk, ran| {
                let stack = ServiceBuilder::new().layer(clerk).layer($stacked_inside);
                let route = post(on_event).route_layer(stack);
                serve_route(listener, route, ran)
            }),
            // `axum::serve` takes no other response body than axum's own, hence the first line.
            row(AROUND_ROUTER, Outside, $other, |listener, clerk, ran| {
                let app = Router::new()
                    .route("/webhooks/clerk", post(on_event))
                    .with_state(ran);
                let app = ServiceBuilder::new()
                    .map_response_body(Body::new)
                    .layer($stacked_outside)
                    .layer(clerk)
                    .service(app);
                serve_around(listener, app)
            }),
            row(AROUND_ROUTER, Inside, $other, |listener, clerk, ran| {
                let app = Router::new()
                    .route("/webhooks/clerk", post(on_event))
                    .with_state(ran);
                let app = ServiceBuilder::new()
                    .map_response_body(Body::new)
                    .layer(clerk)
                    .layer($stacked_inside)
                    .service(app);
                serve_around(listener, app)
            }),
        ]
    };
}

/// A row for each side, with hyper's own request body and no axum.
macro_rules! in_hyper {
    ($other:literal, $layer:expr) => {
        vec![
            row(HYPER, Outside, $other, |listener, clerk, ran| {
                let handler = move |request| on_verified(request, Arc::clone(&ran));
                let service = ServiceBuilder::new()
                    .layer($layer)
                    .layer(clerk)
                    .service_fn(handler);
                serve_hyper(listener, service)
            }),
            row(HYPER, Inside, $other, |listener, clerk, ran| {
                let handler = move |request| on_any(request, Arc::clone(&ran));
                let service = ServiceBuilder::new()
                    .layer(clerk)
                    .layer($layer)
                    .service_fn(handler);
                serve_hyper(listener, service)
            }),
        ]
    };
}

macro_rules! everywhere {
    ($other:literal, $layer:expr) => {{
        let mut rows = in_axum!($other, $layer);
        rows.extend(in_hyper!($other, $layer));
        rows
    }};
}

fn rows() -> Vec<Row> {
    [
        everywhere!("tower-http Trace", TraceLayer::new_for_http()),
        everywhere!(
            "tower-http Timeout",
            TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, PATIENCE)
        ),
        everywhere!(
            "tower-http RequestBodyLimit",
            RequestBodyLimitLayer::new(OTHER_LIMIT)
        ),
        everywhere!(
            "tower-http RequestBodyDeadline",
            RequestBodyDeadlineLayer::new(PATIENCE)
        ),
        everywhere!(
            "tower-http RequestDecompression",
            RequestDecompressionLayer::new()
        ),
        everywhere!("tower-http Compression", CompressionLayer::new()),
        everywhere!("tower-http Cors", CorsLayer::permissive()),
        everywhere!("tower-http CatchPanic", CatchPanicLayer::new()),
        everywhere!(
            "tower-http SetRequestId",
            SetRequestIdLayer::x_request_id(MakeRequestUuid)
        ),
        everywhere!("tower ConcurrencyLimit", ConcurrencyLimitLayer::new(1)),
        everywhere!(
            "the recommended stack",
            ServiceBuilder::new()
                .layer(TraceLayer::new_for_http())
                .layer(ConcurrencyLimitLayer::new(1))
                .layer(RequestBodyDeadlineLayer::new(PATIENCE))
        ),
        // What may fail is made infallible again for axum; hyper takes any error.
        in_axum!(
            "tower Buffer",
            ServiceBuilder::new()
                .layer(HandleErrorLayer::new(overloaded))
                .layer(BufferLayer::new(8))
        ),
        in_hyper!("tower Buffer", BufferLayer::new(8)),
        in_axum!(
            "tower LoadShed",
            ServiceBuilder::new()
                .layer(HandleErrorLayer::new(overloaded))
                .layer(LoadShedLayer::new())
        ),
        in_hyper!("tower LoadShed", LoadShedLayer::new()),
        in_axum!(
            "axum from_fn",
            from_fn(pass),
            in one stack outside: from_fn(pass),
            inside: ServiceBuilder::new().map_request_body(Body::new).layer(from_fn(pass))
        ),
        in_axum!(
            "axum map_response",
            middleware::map_response(restyle),
            in one stack outside: ServiceBuilder::new()
                .layer(middleware::map_response(restyle))
                .map_response_body(Body::new),
            inside: middleware::map_response(restyle)
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Ends what it serves with the row.
struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn spawn<T: Send>(serving: impl Future<Output = T> + Send + 'static) -> AbortOnDrop {
    AbortOnDrop(tokio::spawn(async {
        serving.await;
    }))
}

fn serve_route(listener: TcpListener, route: MethodRouter<Ran>, ran: Ran) -> AbortOnDrop {
    let app = Router::new().route("/webhooks/clerk", route);
    serve_axum(listener, app.with_state(ran))
}

fn serve_axum(listener: TcpListener, app: Router) -> AbortOnDrop {
    spawn(axum::serve(listener, app).into_future())
}

/// What `axum::serve` asks of a service, in a box: its connections need not be compiled once for each.
fn serve_around<S>(listener: TcpListener, service: S) -> AbortOnDrop
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let service = BoxCloneService::new(service);
    spawn(axum::serve(listener, Shared::new(service)).into_future())
}

/// What hyper asks of a service, in a box for the same reason.
fn serve_hyper<S, B>(listener: TcpListener, service: S) -> AbortOnDrop
where
    S: Service<hyper::Request<Incoming>, Response = hyper::Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let service = service
        .map_response(|response| response.map(Body::new))
        .map_err(Into::into);
    spawn(accept(listener, BoxCloneService::new(service)))
}

/// The loop that every user of hyper writes.
async fn accept(
    listener: TcpListener,
    service: BoxCloneService<hyper::Request<Incoming>, Response, BoxError>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = TowerToHyperService::new(service.clone());
        let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(serving);
    }
}

type HyperResult = Result<hyper::Response<Full<Bytes>>, Infallible>;

/// With the layer around it directly, a service can ask for proof.
async fn on_verified(request: hyper::Request<VerifiedBody>, ran: Ran) -> HyperResult {
    on_any(request, ran).await
}

async fn on_any<B>(request: hyper::Request<B>, ran: Ran) -> HyperResult {
    assert!(request.extensions().get::<VerifiedDelivery>().is_some());
    ran.fetch_add(1, Relaxed);
    let mut response = hyper::Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

impl Row {
    /// Talks to the application and says what went otherwise than it should.
    async fn failures(&self) -> Vec<String> {
        let ran = Ran::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let _serving = (self.serve)(listener, clerk(), Arc::clone(&ran));

        let mut failures = Vec::new();
        for Case {
            what,
            request,
            status,
        } in self.cases()
        {
            let ran_before = ran.load(Relaxed);
            let mut connection = Connection::open(address).await;
            connection.send(request).await;
            let answered = connection.status().await;
            let ran = ran.load(Relaxed) - ran_before;
            if answered != status || ran != usize::from(status == 204) {
                failures.push(format!(
                    "{} {:?} of the layer at {}: {what} was answered {answered} instead of {status}, \
                     the handler ran {ran} times",
                    self.other, self.side, self.point.name
                ));
            }
        }
        failures
    }

    fn cases(&self) -> Vec<Case> {
        let forged = SignedRequest::new(&other_secret(), delivery(100).body().clone());
        let (over_other, over_other_in_chunks) = self.over_other_limit();
        vec![
            case("a good delivery", with_length(&delivery(100)), 204),
            case("a good one in chunks", in_chunks(&delivery(500)), 204),
            case("a forged one", with_length(&forged), 400),
            case("a forged one in chunks", in_chunks(&forged), 400),
            case("one without headers", bare("POST /webhooks/clerk"), 400),
            case(
                "one over the limit",
                with_length(&delivery(LAYER_LIMIT + 1)),
                413,
            ),
            case(
                "one over the limit in chunks",
                in_chunks(&delivery(LAYER_LIMIT + 1)),
                413,
            ),
            case(
                "one over the other limit",
                with_length(&delivery(OTHER_LIMIT + 1)),
                over_other,
            ),
            case(
                "one over the other limit in chunks",
                in_chunks(&delivery(OTHER_LIMIT + 1)),
                over_other_in_chunks,
            ),
            case(
                "another method",
                bare("GET /webhooks/clerk"),
                self.point.get,
            ),
            case(
                "a path beside",
                bare("POST /webhooks/elsewhere"),
                self.point.sibling,
            ),
            case(
                "a path elsewhere",
                bare("POST /elsewhere"),
                self.point.elsewhere,
            ),
        ]
    }

    /// Declared and in chunks. Inside of the layer nobody reads the body again, so that a limit there
    /// sees no more of it than the header.
    fn over_other_limit(&self) -> (u16, u16) {
        match (self.other, self.side) {
            ("tower-http RequestBodyLimit", Outside) => (413, 413),
            ("tower-http RequestBodyLimit", Inside) => (413, 204),
            _ => (204, 204),
        }
    }
}

/// A request and the status that it should be answered. The handler runs for what is answered 204.
struct Case {
    what: &'static str,
    request: Vec<u8>,
    status: u16,
}

fn case(what: &'static str, request: Vec<u8>, status: u16) -> Case {
    Case {
        what,
        request,
        status,
    }
}

/// A request without body or headers of Clerk's.
fn bare(method_and_path: &str) -> Vec<u8> {
    format!("{method_and_path} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes()
}

/// A genuine delivery with a body of `length` bytes.
fn delivery(length: usize) -> SignedRequest {
    let mut body = br#"{"type":"user.deleted","data":{"id":"user_1"}}"#.to_vec();
    body.resize(length, b' ');
    SignedRequest::new(&secret(), body)
}

#[tokio::test]
async fn every_middleware_on_either_side_at_every_attachment_point() {
    let mut failures = Vec::new();
    for row in rows() {
        failures.extend(row.failures().await);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The sender signs what it means: the plain bytes. Whoever compresses on the way, the layer has to see
/// them plain again, and its limit counts them so.
#[tokio::test]
async fn a_compressed_delivery_needs_decompression_outside() {
    let bomb = delivery(100 * LAYER_LIMIT);
    assert!(gzip(bomb.body()).len() < LAYER_LIMIT);
    for (signed, plain_status, decompressed_status) in [(delivery(100), 400, 204), (bomb, 400, 413)]
    {
        let route = post(on_event).route_layer(clerk());
        assert_eq!(answer_to_gzip(route, &signed).await, plain_status);
        let route = post(on_event)
            .route_layer(clerk())
            .route_layer(RequestDecompressionLayer::new());
        assert_eq!(answer_to_gzip(route, &signed).await, decompressed_status);
    }
}

async fn answer_to_gzip(route: MethodRouter<Ran>, signed: &SignedRequest) -> StatusCode {
    let mut request = Request::new(Body::from(gzip(signed.body())));
    *request.headers_mut() = signed.headers();
    *request.method_mut() = Method::POST;
    let gzip = HeaderValue::from_static("gzip");
    request.headers_mut().insert(CONTENT_ENCODING, gzip);
    let app = Router::new().route("/", route).with_state(Ran::default());
    app.oneshot(request).await.unwrap().status()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
