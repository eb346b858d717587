//! Cuts any bytes, and holds what is accepted against another reader of BSON, the crate of its authors.

#![no_main]

use std::collections::HashSet;

use bson::{cstr, RawArray, RawBsonRef, RawDocument, RawDocumentBuf};
use libfuzzer_sys::fuzz_target;
use workflow_results_native::walk::Walk;
use workflow_results_native::work::{cut, Limits, Work};

const LIMITS: Limits = Limits { levels: 100, most_bytes: 1 << 16 };

fuzz_target!(|data: &[u8]| {
    let (found, end) = cut(data, data.len(), usize::MAX, &LIMITS);
    let documents: Vec<_> = found.iter().map(|each| each.document).collect();
    assert_eq!(documents.concat(), data[..end], "the documents are what was cut");
    for each in &found {
        if let Some(work) = &each.work {
            assert!(each.document.len() <= LIMITS.most_bytes);
            let document = RawDocument::from_bytes(each.document).unwrap();
            read(document, LIMITS.levels);
            compare(document, work);
            check_stored(document, work);
        }
    }
});

/// Read all of a document, in which no name may stand twice.
fn read(document: &RawDocument, levels: usize) {
    let mut names = HashSet::new();
    for element in document {
        let (name, value) = element.unwrap();
        assert!(names.insert(name), "{name:?} stands twice");
        read_value(value, levels);
    }
}

fn read_array(array: &RawArray, levels: usize) {
    for value in array {
        read_value(value.unwrap(), levels);
    }
}

fn read_value(value: RawBsonRef, levels: usize) {
    match value {
        RawBsonRef::Document(document) => read(document, levels.checked_sub(1).unwrap()),
        RawBsonRef::Array(array) => read_array(array, levels.checked_sub(1).unwrap()),
        _ => {}
    }
}

/// Compare what a work says about itself.
fn compare(document: &RawDocument, work: &Work) {
    assert_eq!(document.get_str("pipeline").unwrap(), work.pipeline);
    assert_eq!(document.get_str("id").unwrap(), work.id);
    assert_eq!(document.get_str("status").unwrap(), work.status);
    let locked = match document.get("results").unwrap() {
        Some(RawBsonRef::Document(results)) => results.get("locked").unwrap(),
        None | Some(RawBsonRef::Null) => None,
        Some(other) => panic!("no work has such results: {other:?}"),
    };
    match locked {
        None => assert!(!work.locked),
        Some(RawBsonRef::Boolean(locked)) => assert_eq!(locked, work.locked),
        Some(other) => panic!("nothing is locked like this: {other:?}"),
    }
}

/// Check how a work is stored: `_id` first, and then all else as it was.
fn check_stored(document: &RawDocument, work: &Work) {
    let mut stored = vec![0; work.stored_size(document.as_bytes())];
    work.write_stored(document.as_bytes(), &mut stored);
    let mut rest = document.iter().map(Result::unwrap).peekable();
    if let Some((_, id)) = rest.next_if(|(name, _)| *name == "_id") {
        assert_eq!(id.as_str(), Some(work.id));
    }
    let mut expected = RawDocumentBuf::new();
    expected.append(cstr!("_id"), work.id);
    for (name, value) in rest {
        assert_ne!(name, "_id");
        expected.append(name, value);
    }
    assert_eq!(RawDocument::from_bytes(&stored).unwrap(), &*expected);
    let again = Work::read(&stored, &mut Walk::new(LIMITS.levels)).unwrap();
    assert!(again.has_id_first);
    assert_eq!((again.pipeline, again.id, again.status), (work.pipeline, work.id, work.status));
    assert_eq!(again.locked, work.locked);
}
