//! The requests of reads.

use bytes::Bytes;

use crate::proto::{
    EncodedDocument, GetByCountRequest, GetByEventRequest, GetByIdRequest, GetLockedRequest, TopRequest,
    ViewRequest,
};
use crate::transport::sending::Sent;

/// How many ids one request has at most.
const IDS: usize = 10_000;

/// A request of a method that answers with a stream of results.
pub trait ReadRequest: Sent {
    /// Its method.
    const METHOD: &'static str;
    /// Whether a stream that breaks goes on where it broke; if not, it begins anew.
    const RESUMES: bool = true;

    /// Has the next stream go on behind what has arrived.
    fn resume(&mut self, token: Bytes);

    /// Divides it into requests of a good size, in the order of their results.
    fn divided(self) -> Vec<Self>
    where
        Self: Sized,
    {
        vec![self]
    }
}

/// A request with a query and a projection.
pub trait Matching {
    /// The query.
    fn query_mut(&mut self) -> &mut Option<EncodedDocument>;

    /// The projection.
    fn projection_mut(&mut self) -> &mut Option<EncodedDocument>;
}

macro_rules! resuming {
    ($($request:ident $method:literal)*) => {$(
        impl ReadRequest for $request {
            const METHOD: &'static str = $method;

            fn resume(&mut self, token: Bytes) {
                self.resume_token = token;
            }
        }
    )*};
}

macro_rules! matching {
    ($($request:ident)*) => {$(
        impl Matching for $request {
            fn query_mut(&mut self) -> &mut Option<EncodedDocument> {
                &mut self.query
            }

            fn projection_mut(&mut self) -> &mut Option<EncodedDocument> {
                &mut self.projection
            }
        }
    )*};
}

resuming! {
    ViewRequest "View"
    GetByCountRequest "GetByCount"
    GetByEventRequest "GetByEvent"
    GetLockedRequest "GetLocked"
}

matching! { ViewRequest TopRequest }

impl ReadRequest for GetByIdRequest {
    const METHOD: &'static str = "GetById";

    fn resume(&mut self, token: Bytes) {
        self.resume_token = token;
    }

    fn divided(mut self) -> Vec<Self> {
        self.ids.sort_unstable_by(|one, two| two.cmp(one));
        self.ids.dedup();
        if self.ids.len() <= IDS {
            return vec![self];
        }
        let parts = self.ids.chunks(IDS).map(<[String]>::to_vec);
        parts.map(|ids| Self { pipeline: self.pipeline.clone(), ids, ..Self::default() }).collect()
    }
}

impl ReadRequest for TopRequest {
    const METHOD: &'static str = "Top";
    const RESUMES: bool = false;

    fn resume(&mut self, _token: Bytes) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_sorted_and_divided() {
        let ids = (0..25_000).map(|number| format!("{:05}", number % 20_001));
        let request = GetByIdRequest { pipeline: "p".into(), ids: ids.collect(), ..Default::default() };
        let parts = request.divided();
        let sizes = parts.iter().map(|part| part.ids.len());
        assert_eq!(sizes.collect::<Vec<_>>(), [10_000, 10_000, 1]);
        assert_eq!(parts[0].ids[0], "20000");
        assert_eq!(parts[2].ids, ["00000"]);
        assert!(parts.iter().all(|part| part.pipeline == "p"));
        assert_eq!(GetByIdRequest::default().divided().len(), 1);
    }
}
