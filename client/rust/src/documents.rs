//! Documents on their way to the service and back.

use std::ops::Range;

use bson::oid::ObjectId;
use bson::raw::RawBsonRef;
use bson::{Bson, Document, RawDocument, RawDocumentBuf};
use bytes::Bytes;

use crate::error::{Error, Result};
use crate::proto::{encoded_document::Form, EncodedDocument, EncodedDocuments};

const LENGTH_BYTES: usize = 4;

/// What can be given as a work, a query or a projection: a [`Document`], or one that is encoded already, as a
/// [`RawDocument`] or as bytes.
///
/// For a type with `Serialize`, give what [`bson::serialize_to_document`] or [`bson::serialize_to_raw_document_buf`]
/// return.
pub trait IntoRawDocument {
    /// Encodes it.
    ///
    /// # Errors
    ///
    /// It has a name with a NUL, or something else that BSON can't express; or bytes are no document.
    fn into_raw_document(self) -> bson::error::Result<RawDocumentBuf>;
}

impl IntoRawDocument for Document {
    fn into_raw_document(self) -> bson::error::Result<RawDocumentBuf> {
        (&self).try_into()
    }
}

impl IntoRawDocument for &Document {
    fn into_raw_document(self) -> bson::error::Result<RawDocumentBuf> {
        self.try_into()
    }
}

impl IntoRawDocument for RawDocumentBuf {
    fn into_raw_document(self) -> bson::error::Result<RawDocumentBuf> {
        Ok(self)
    }
}

impl IntoRawDocument for &RawDocumentBuf {
    fn into_raw_document(self) -> bson::error::Result<RawDocumentBuf> {
        Ok(self.clone())
    }
}

impl IntoRawDocument for &RawDocument {
    fn into_raw_document(self) -> bson::error::Result<RawDocumentBuf> {
        Ok(self.to_owned())
    }
}

impl IntoRawDocument for Vec<u8> {
    fn into_raw_document(self) -> bson::error::Result<RawDocumentBuf> {
        RawDocumentBuf::from_bytes(self)
    }
}

/// Encodes a document, which is called `name` in errors.
pub(crate) fn encode(name: &str, document: impl IntoRawDocument) -> Result<RawDocumentBuf> {
    let encoded = document.into_raw_document();
    encoded.map_err(|error| Error::invalid(format!("{name} can't be encoded as BSON: {error}")))
}

/// Encodes a query or a projection.
pub(crate) fn encoded(name: &str, document: impl IntoRawDocument) -> Result<EncodedDocument> {
    let bytes = Bytes::from(encode(name, document)?.into_bytes());
    let form = Some(Form::Bson(bytes));
    Ok(EncodedDocument { form })
}

/// Encodes works.
pub(crate) fn encode_all<D: IntoRawDocument>(
    works: impl IntoIterator<Item = D>,
) -> Result<Vec<RawDocumentBuf>> {
    let named = works.into_iter().enumerate();
    named.map(|(index, work)| encode(&format!("works[{index}]"), work)).collect()
}

/// Puts documents back to back.
pub(crate) fn joined<'a>(documents: impl Iterator<Item = &'a RawDocumentBuf> + Clone) -> EncodedDocuments {
    let size = documents.clone().map(|each| each.as_bytes().len()).sum();
    let mut bytes = Vec::with_capacity(size);
    for each in documents {
        bytes.extend_from_slice(each.as_bytes());
    }
    EncodedDocuments { bson: bytes.into(), json: Vec::new() }
}

/// Gives a work an id where it has none, or null. What can't be read is left for the service to reject.
pub(crate) fn with_id(work: RawDocumentBuf) -> RawDocumentBuf {
    let is_missing = matches!(work.get("id"), Ok(None | Some(RawBsonRef::Null)));
    if !is_missing {
        return work;
    }
    let id = ObjectId::new().to_hex();
    let Ok(fields) = work.iter().collect::<Result<Vec<_>, _>>() else {
        return work;
    };
    let mut named = RawDocumentBuf::new();
    for (name, value) in fields {
        if name.as_str() != "id" || value != RawBsonRef::Null {
            named.append(name, value);
        }
    }
    named.append(bson::raw::cstr!("id"), id.as_str());
    named
}

/// A text of a work, empty if it has none.
pub(crate) fn text<'a>(work: &'a RawDocument, field: &str) -> &'a str {
    work.get_str(field).unwrap_or_default()
}

/// Whether a work is to be stored locked.
pub(crate) fn is_locked(work: &RawDocument) -> bool {
    let results = work.get_document("results");
    results.is_ok_and(|results| matches!(results.get("locked"), Ok(Some(RawBsonRef::Boolean(true)))))
}

/// Where the documents are in those that came back to back.
pub(crate) fn split(documents: &[u8]) -> Result<Vec<Range<usize>>> {
    let mut found = Vec::new();
    let mut start = 0;
    while start < documents.len() {
        let rest = &documents[start..];
        let head = rest.first_chunk::<LENGTH_BYTES>().copied();
        let length = head.and_then(|head| usize::try_from(i32::from_le_bytes(head)).ok());
        let length = length.filter(|length| (LENGTH_BYTES + 1..=rest.len()).contains(length));
        let end = start + length.ok_or_else(|| Error::other("the service sent no BSON documents"))?;
        found.push(start..end);
        start = end;
    }
    Ok(found)
}

/// Decodes a result, without MongoDB's `_id`, which is equal to its `id`.
pub(crate) fn decode(document: &[u8]) -> Result<Document> {
    let fields = RawDocument::from_bytes(document).map(RawDocument::iter);
    let fields = fields.map_err(|error| undecodable(&error))?;
    let mut decoded = Document::new();
    for field in fields {
        let (name, value) = field.map_err(|error| undecodable(&error))?;
        if name.as_str() != "_id" {
            let value = Bson::try_from(value).map_err(|error| undecodable(&error))?;
            decoded.insert(name.as_str(), value);
        }
    }
    Ok(decoded)
}

fn undecodable(error: &bson::error::Error) -> Error {
    Error::other(format!("the service sent a document that is not valid BSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::{doc, rawdoc};

    #[test]
    fn works_get_ids_where_they_have_none() {
        let missing = rawdoc! { "pipeline": "p", "n": 1 };
        let null = rawdoc! { "id": null, "pipeline": "p", "n": 1 };
        for work in [missing, null] {
            let named = with_id(work);
            assert_eq!(named.get_str("id").unwrap().len(), 24);
            assert_eq!(named.get_i32("n").unwrap(), 1);
            assert_eq!(named.iter().count(), 3);
        }
        let mut twice = rawdoc! { "id": null, "pipeline": "p" };
        twice.append(bson::raw::cstr!("id"), "a");
        assert_eq!(with_id(twice).iter().count(), 3); // for the service to reject
        let own = rawdoc! { "id": "a", "pipeline": "p" };
        assert_eq!(with_id(own.clone()), own);
        let number = rawdoc! { "id": 7, "pipeline": "p" };
        assert_eq!(with_id(number.clone()), number);
    }

    #[test]
    fn documents_back_to_back_are_told_apart() {
        let (one, two) = (rawdoc! { "_id": "a", "id": "a" }, rawdoc! {});
        let bytes = joined([&one, &two].into_iter()).bson;
        let found = split(&bytes).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(decode(&bytes[found[0].clone()]).unwrap(), doc! { "id": "a" });
        for broken in [&bytes[..bytes.len() - 1], &[4, 0, 0, 0], &[0xff; 8], &[5]] {
            assert!(split(broken).is_err());
        }
    }

    #[test]
    fn what_is_no_document_is_refused() {
        let error = encode("query", vec![1, 2, 3]).unwrap_err();
        assert!(error.to_string().starts_with("query can't be encoded"));
        let error = encode_all([doc! {}, doc! { "a\0": 1 }]).unwrap_err();
        assert!(error.to_string().starts_with("works[1] "));
    }
}
