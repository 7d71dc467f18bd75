//! `docs/reasons.md` lists every reason code and every cause.

use std::{collections::BTreeSet, fs};

use clerk_webhooks::{
    RejectionKind,
    event::DecodeErrorKind,
    verify::{SecretErrorKind, VerifyErrorKind},
};
use clerk_webhooks_cli::{doctor::Fault, explain::Cause};

const UNVERIFIED: [VerifyErrorKind; 8] = [
    VerifyErrorKind::MissingHeader,
    VerifyErrorKind::DuplicateHeader,
    VerifyErrorKind::MalformedId,
    VerifyErrorKind::MalformedTimestamp,
    VerifyErrorKind::TimestampTooOld,
    VerifyErrorKind::TimestampTooNew,
    VerifyErrorKind::MalformedSignature,
    VerifyErrorKind::NoMatchingSignature,
];

const UNDECODABLE: [DecodeErrorKind; 4] = [
    DecodeErrorKind::NotUtf8,
    DecodeErrorKind::NotJson,
    DecodeErrorKind::Envelope,
    DecodeErrorKind::Data,
];

const OTHERS: [RejectionKind; 12] = [
    RejectionKind::BodyTooLarge,
    RejectionKind::BodyReadFailed,
    RejectionKind::MissingSetup,
    RejectionKind::ShuttingDown,
    RejectionKind::TooManyRunning,
    RejectionKind::MessageInProgress,
    RejectionKind::PermanentlyFailed,
    RejectionKind::StoreUnavailable,
    RejectionKind::HandlerPanicked,
    RejectionKind::HandlerTimedOut,
    RejectionKind::CompletionNotRecorded,
    RejectionKind::QueueUnavailable,
];

const SECRETS: [SecretErrorKind; 11] = [
    SecretErrorKind::Empty,
    SecretErrorKind::PrefixOnly,
    SecretErrorKind::MissingPrefix,
    SecretErrorKind::Quoted,
    SecretErrorKind::ApiKey,
    SecretErrorKind::AsymmetricKey,
    SecretErrorKind::NotBase64,
    SecretErrorKind::TooShort,
    SecretErrorKind::AllZero,
    SecretErrorKind::NotSet,
    SecretErrorKind::NotUnicode,
];

fn read(path: &str) -> String {
    fs::read_to_string(format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The codes in the first column of the tables of a section.
fn codes(page: &str, heading: &str) -> BTreeSet<String> {
    let section = page
        .split("\n## ")
        .find(|section| section.starts_with(heading))
        .unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned())
        .collect()
}

/// How many rows the table of a macro has: `    Variant = "code"`.
fn rows(path: &str, name: &str) -> usize {
    let source = read(path);
    let table = source.split(&format!("\n{name}! {{\n")).nth(1).unwrap();
    let table = table.split("\n}").next().unwrap();
    let is_row =
        |line: &&str| line.starts_with("    ") && line.trim_start().starts_with(char::is_uppercase);
    table
        .lines()
        .filter(is_row)
        .filter(|line| line.contains(" = \""))
        .count()
}

/// The enums are not exhaustive: their source says how many there are.
#[test]
fn the_lists_of_this_test_are_complete() {
    assert_eq!(rows("src/rejection.rs", "rejection_kinds"), OTHERS.len());
    assert_eq!(
        rows("src/verify/error.rs", "verify_error_kinds"),
        UNVERIFIED.len()
    );
    assert_eq!(
        rows("src/verify/secret_error.rs", "secret_error_kinds"),
        SECRETS.len()
    );
}

#[test]
fn the_page_lists_every_reason_and_no_other() {
    let page = read("docs/reasons.md");
    let unverified = UNVERIFIED.map(RejectionKind::Unverified);
    let undecodable = UNDECODABLE.map(RejectionKind::Undecodable);
    let kinds = unverified.into_iter().chain(undecodable).chain(OTHERS);
    let reasons: BTreeSet<_> = kinds.map(|kind| kind.code().to_owned()).collect();
    assert_eq!(codes(&page, "Refused deliveries"), reasons);
    let secrets: BTreeSet<_> = SECRETS.map(|kind| kind.code().to_owned()).into();
    assert_eq!(codes(&page, "Secrets"), secrets);
}

#[test]
fn the_page_lists_every_cause_as_the_program_names_it() {
    let page = read("docs/reasons.md");
    let causes: BTreeSet<_> = Cause::ALL
        .iter()
        .map(|cause| cause.code().to_owned())
        .collect();
    assert_eq!(codes(&page, "Causes that `explain` finds"), causes);
    for cause in Cause::ALL {
        let row = format!("| `{cause}` | {} | {} |", cause.what(), cause.cure());
        assert!(page.contains(&row), "{row}");
    }
}

#[test]
fn the_page_lists_every_fault_as_the_program_names_it() {
    let page = read("docs/reasons.md");
    let faults: BTreeSet<_> = Fault::ALL
        .iter()
        .map(|fault| fault.code().to_owned())
        .collect();
    assert_eq!(codes(&page, "Faults that `doctor` finds"), faults);
    for fault in Fault::ALL {
        let row = format!("| `{fault}` | {} | {} |", fault.what(), fault.cure());
        assert!(page.contains(&row), "{row}");
    }
}
