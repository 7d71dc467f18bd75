//! [`Walk`]: reads a list to its end while objects come and go.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    client::ClerkApi,
    error::{ApiError, ApiErrorKind},
    list::List,
    page::Page,
};
use crate::object::id_of;

/// How many objects that were read already the next page starts with. Those that are gone move the others forward, so
/// that a page at the next offset would skip some. With at least one of these on the page, nothing was skipped.
const OVERLAP: usize = 10;
/// How often a walk starts again because all objects that it could go on from are gone.
const MAX_RESTARTS: u32 = 3;

/// How far a list has been read. It is stored: a later version must be able to read it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The number of objects before the next one.
    pub(crate) offset: u64,
    /// The ids of the last objects, the newest at the end.
    anchors: VecDeque<String>,
    /// Whether the list ends here.
    pub(crate) is_end: bool,
}

impl Place {
    /// As it is stored.
    pub(crate) fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

/// The next objects of a list.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) objects: Vec<Value>,
    /// The place behind them.
    pub(crate) place: Place,
    /// How many objects the list has, if the answer says it.
    pub(crate) total: Option<u64>,
}

/// Reads one list, page by page.
pub(crate) struct Walk<'a> {
    api: &'a ClerkApi,
    list: &'a List,
    place: Place,
    restarts: u32,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(api: &'a ClerkApi, list: &'a List, place: Place) -> Self {
        Self {
            api,
            list,
            place,
            restarts: 0,
        }
    }

    /// The objects behind the last ones; `None` at the end of the list.
    pub(crate) async fn next(&mut self) -> Result<Option<Batch>, ApiError> {
        if self.place.is_end {
            return Ok(None);
        }
        let page = match self.list.has_cursor {
            true => self.page_by_cursor().await?,
            false => self.page_by_offset().await?,
        };
        let ids = page.objects.iter().filter_map(id_of);
        self.place.anchors.extend(ids.map(str::to_owned));
        let surplus = self.place.anchors.len().saturating_sub(OVERLAP);
        self.place.anchors.drain(..surplus);
        Ok(Some(Batch {
            place: self.place.clone(),
            objects: page.objects,
            total: page.total,
        }))
    }

    /// Behind the newest anchor that still exists.
    async fn page_by_cursor(&mut self) -> Result<Page, ApiError> {
        loop {
            let anchor = self.place.anchors.back().cloned();
            let cursor = anchor.as_deref().map(|id| ("starting_after", id));
            match self.request(cursor.as_slice()).await {
                Ok(page) => {
                    self.place.offset += page.objects.len() as u64;
                    return Ok(page);
                }
                Err(error) if error.kind() == ApiErrorKind::Refused && anchor.is_some() => {
                    self.drop_anchor(error)?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Without any anchor left, the list is read from its start: what is applied again changes nothing.
    fn drop_anchor(&mut self, error: ApiError) -> Result<(), ApiError> {
        self.place.anchors.pop_back();
        if self.place.anchors.is_empty() {
            if self.restarts == MAX_RESTARTS {
                return Err(error);
            }
            self.restarts += 1;
            self.place.offset = 0;
        }
        Ok(())
    }

    /// From the overlap on, and further to the front while no anchor is on the page.
    async fn page_by_offset(&mut self) -> Result<Page, ApiError> {
        let size = u64::from(self.api.page_size());
        // At least half of a page is new.
        let overlap = (size / 2).min(self.place.anchors.len() as u64);
        let mut first = self.place.offset.saturating_sub(overlap);
        loop {
            let mut page = self.request(&[("offset", &first.to_string())]).await?;
            let read = page.objects.len() as u64;
            let known = self.behind_anchors(&page);
            if known.is_some() || first == 0 || overlap == 0 {
                page.objects.drain(..known.unwrap_or(0));
                self.place.offset = first + read;
                return Ok(page);
            }
            first = first.saturating_sub(size - overlap);
        }
    }

    /// The place on the page behind the newest anchor.
    fn behind_anchors(&self, page: &Page) -> Option<usize> {
        let place = |id: &String| {
            page.objects
                .iter()
                .position(|object| id_of(object) == Some(id))
        };
        let found = self.place.anchors.iter().rev().find_map(place);
        found.map(|at| at + 1)
    }

    /// A page shorter than its limit is the last one.
    async fn request(&mut self, query: &[(&str, &str)]) -> Result<Page, ApiError> {
        let query = [self.list.query, query].concat();
        let page = self.api.page(self.list.path, &query).await?;
        self.place.is_end = page.objects.len() < usize::from(self.api.page_size());
        Ok(page)
    }
}
