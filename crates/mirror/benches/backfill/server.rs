//! The API in a process of its own.

use std::{
    env,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use axum::{Router, http::Uri};
use tokio::net::TcpListener;

use crate::Error;

/// Starts this program as the API.
pub(crate) const ARGUMENT: &str = "--serve";

pub(crate) struct Server {
    process: Child,
    url: String,
}

impl Server {
    pub(crate) fn start() -> Result<Self, Error> {
        let mut process = Command::new(env::current_exe()?)
            .arg(ARGUMENT)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut url = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut url)?;
        }
        Ok(Self {
            process,
            url: url.trim().to_owned(),
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves until it is killed. Users are made when they are asked for: a million of them need no memory. All other lists
/// are empty.
pub(crate) async fn serve(users: u64) -> Result<(), Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    let answer = move |uri: Uri| async move {
        match uri.path() {
            "/v1/users" => page(users, uri.query().unwrap_or_default()),
            "/v1/users/count" => format!(r#"{{"total_count":{users}}}"#),
            "/v1/invitations" => "[]".to_owned(),
            _ => r#"{"data":[],"total_count":0}"#.to_owned(),
        }
    };
    Ok(axum::serve(listener, Router::new().fallback(answer)).await?)
}

/// Of 500 users, behind the one that the query names.
fn page(users: u64, query: &str) -> String {
    let after = query.split("starting_after=user_").nth(1);
    let after: Option<u64> = after.and_then(|number| number.split('&').next()?.parse().ok());
    let first = after.map_or(0, |number| number + 1);
    let page: Vec<_> = (first..users).take(500).map(user).collect();
    format!("[{}]", page.join(","))
}

/// A user as Clerk sends it, of some 2 KB.
fn user(number: u64) -> String {
    let at = 1_700_000_000_000 + number;
    format!(
        r#"{{"id":"user_{number:08}","object":"user","username":null,"first_name":"Ada{number}","last_name":"Lovelace",
"locale":"en-GB","image_url":"https://img.clerk.com/eyJ0eXBlIjoiZGVmYXVsdCIsImlpZCI6Imluc18yZzducDciLCJyaWQiOiJ1c2VyXzEifQ",
"profile_image_url":"https://www.gravatar.com/avatar?d=mp","has_image":true,"primary_email_address_id":"idn_{number:08}",
"primary_phone_number_id":null,"primary_web3_wallet_id":null,"password_enabled":true,"two_factor_enabled":false,
"totp_enabled":false,"backup_code_enabled":false,"mfa_enabled_at":null,"mfa_disabled_at":null,
"email_addresses":[{{"id":"idn_{number:08}","object":"email_address","email_address":"ada.{number}@example.com","reserved":false,
"verification":{{"object":"verification_from_oauth","status":"verified","strategy":"from_oauth_google","attempts":null,
"expire_at":null}},"linked_to":[{{"type":"oauth_google","id":"idn_9{number:08}"}}],"matches_sso_connection":false,
"created_at":{at},"updated_at":{at}}}],"phone_numbers":[],"web3_wallets":[],"passkeys":[],
"external_accounts":[{{"object":"external_account","id":"eac_{number:08}","provider":"oauth_google",
"identification_id":"idn_9{number:08}","provider_user_id":"11{number:08}","approved_scopes":"email openid profile",
"email_address":"ada.{number}@example.com","first_name":"Ada{number}","last_name":"Lovelace","username":null,
"image_url":"https://img.clerk.com/eyJ0eXBlIjoicHJveHkiLCJzcmMiOiJodHRwczovL2xoMy5nb29nbGUifQ","public_metadata":{{}},
"label":null,"verification":{{"object":"verification_oauth","status":"verified","strategy":"oauth_google","attempts":null,
"expire_at":{at}}},"created_at":{at},"updated_at":{at}}}],"saml_accounts":[],"enterprise_accounts":[],
"password_last_updated_at":{at},"public_metadata":{{"plan":"pro","roles":["editor"]}},"private_metadata":{{"stripe":"cus_{number:08}"}},
"unsafe_metadata":{{"theme":"dark"}},"external_id":"{number}","last_sign_in_at":{at},"banned":false,"locked":false,
"lockout_expires_in_seconds":null,"verification_attempts_remaining":100,"delete_self_enabled":true,
"create_organization_enabled":true,"last_active_at":{at},"legal_accepted_at":null,"created_at":{at},"updated_at":{at}}}"#
    )
}
