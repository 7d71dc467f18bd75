//! Several requests on a connection.

use clerk_webhooks::testing::SignedRequest;

use crate::{
    framework::{current_secret, old_secret},
    request::{EVENT, Request, genuine, message, signed_by, stale},
    row::{Row, Step, steps},
};

pub(crate) const ROWS: &[Row] = &[
    steps(
        "`Expect: 100-continue`, genuine",
        "sent when invited",
        || {
            let request = genuine().and("expect", "100-continue");
            vec![
                Step::Send(request.head()),
                Step::Answer,
                Step::Send(request.payload()),
                Step::FinalAnswer,
            ]
        },
        "100, then 200 user.created msg_1 current",
        1,
    ),
    steps(
        "two deliveries on a connection",
        "sent",
        || one_by_one([message("msg_1"), message("msg_2")]),
        "200 user.created msg_1 current, then 200 user.created msg_2 current",
        2,
    ),
    steps(
        "a genuine delivery after a forged one",
        "sent",
        || one_by_one([signed_by(&old_secret()), genuine()]),
        "400 invalid signature, then 200 user.created msg_1 current",
        1,
    ),
    steps(
        "a genuine delivery after a stale one",
        "sent",
        || one_by_one([stale(), genuine()]),
        "400 timestamp out of tolerance, then 200 user.created msg_1 current",
        1,
    ),
    steps(
        "forged, genuine, stale and genuine in one burst",
        "sent",
        || {
            let requests = [
                signed_by(&old_secret()),
                message("msg_1"),
                stale(),
                message("msg_2"),
            ];
            let mut steps = vec![Step::Send(requests.map(|request| request.whole()).concat())];
            steps.extend((0..4).map(|_| Step::Answer));
            steps
        },
        "400 invalid signature, then 200 user.created msg_1 current, \
         then 400 timestamp out of tolerance, then 200 user.created msg_2 current",
        2,
    ),
    steps(
        "a delivery inside the body of a forged one, then a genuine one",
        "sent",
        || {
            let inner = message("msg_inner").whole();
            let carrier = SignedRequest::new(&current_secret(), EVENT).with_altered_body(inner);
            one_by_one([Request::of(carrier), genuine()])
        },
        "400 invalid signature, then 200 user.created msg_1 current",
        1,
    ),
    steps(
        "a delivery inside a body that is refused unread",
        "in part",
        || {
            let endless = genuine().declaring(100_000_000_000_000).head();
            let inner = message("msg_inner").whole();
            vec![
                Step::Send([endless, inner].concat()),
                Step::Answer,
                Step::Answer,
            ]
        },
        "413 body too large, then closed",
        0,
    ),
];

fn one_by_one<const N: usize>(requests: [Request; N]) -> Vec<Step> {
    let steps = requests.map(|request| [Step::Send(request.whole()), Step::Answer]);
    steps.into_iter().flatten().collect()
}
