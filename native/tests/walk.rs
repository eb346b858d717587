//! What a walk takes for BSON, and what it stops at.

mod made;

use std::slice::from_ref;

use made::{array, binary, document, element, flag, nested, number, sized, text, timestamp, within};
use workflow_results_native::types::{
    ARRAY, BINARY, DATE, DECIMAL128, DOCUMENT, DOUBLE, INT64, NULL, OBJECT_ID, STRING,
};
use workflow_results_native::walk::{document_size, Place, Value, Walk};

const LEVELS: usize = 4;

fn is_walked(data: &[u8]) -> bool {
    Walk::new(LEVELS).document(data, |_, _| Some(())).is_some()
}

/// Whether an element is walked over wherever it stands, which must be the same everywhere.
fn is_taken(element: &[u8]) -> bool {
    let element = element.to_vec();
    let places = [
        document(from_ref(&element)),
        document(&[number("first", 1), element.clone(), number("last", 1)]),
        document(&[within("inner", from_ref(&element))]),
        document(&[array("array", &[element.clone(), number("1", 1)])]),
        document(&[array("array", &[within("0", &[element])])]),
    ];
    let taken = places.map(|place| is_walked(&place));
    assert!(taken.iter().all(|&each| each == taken[0]), "{taken:?}");
    taken[0]
}

#[test]
fn values_of_the_usual_types_are_taken() {
    for (kind, size) in [(DOUBLE, 8), (OBJECT_ID, 12), (DATE, 8), (NULL, 0), (INT64, 8), (DECIMAL128, 16)] {
        assert!(is_taken(&element(kind, "value", &vec![1; size])), "{kind}");
    }
    let (empty, inner) = (array("value", &[]), within("value", &[number("a", 1)]));
    for value in [text("value", ""), text("value", "é\0x"), flag("value", 0), flag("value", 1), timestamp("value")] {
        assert!(is_taken(&value), "{value:?}");
    }
    for value in [empty, inner, binary("value", 0, b""), binary("value", 4, &[0; 16]), binary("value", 255, b"x")] {
        assert!(is_taken(&value), "{value:?}");
    }
}

#[test]
fn rare_types_and_types_that_there_are_not_are_left_to_python() {
    let known = [1, 2, 3, 4, 5, 7, 8, 9, 10, 16, 17, 18, 19];
    for kind in (0..=255).filter(|kind| !known.contains(kind)) {
        for size in [0, 1, 4, 8, 12, 16] {
            assert!(!is_walked(&document(&[element(kind, "value", &vec![0; size])])), "{kind}");
        }
    }
}

#[test]
fn broken_values_are_not_taken() {
    let broken = [
        element(STRING, "text", &sized(b"abc")),
        element(STRING, "text", &sized(b"")),
        element(STRING, "text", b"\xff\0\0\0abc\0"),
        element(STRING, "text", b"\xff\xff\xff\xffabc\0"),
        element(STRING, "text", b"\x01\0"),
        element(STRING, "text", &sized(b"\xff\0")),
        element(STRING, "text", &sized(b"\xed\xa0\x80\0")), // half a surrogate pair
        flag("bool", 2),
        element(DOUBLE, "double", &[0; 7])[..14].to_vec(),
        element(DOCUMENT, "inner", b"\x06\0\0\0\x01\x01"),
        element(DOCUMENT, "inner", b"\x04\0\0\0\0"),
        element(ARRAY, "array", b"\x10\0\0\0\x02\0\x08\0\0\0abcd\0\0\0\0\0"),
        element(BINARY, "bytes", b"\x04\0\0\0\0\0\0"),
        element(BINARY, "bytes", b"\x01\0\0\0"),
        b"\x0aname".to_vec(),
        b"\x0a\xff\0".to_vec(),
        b"\x0aa long name of more than eight bytes, and one of them \xff\0".to_vec(),
    ];
    for value in broken {
        assert!(!is_walked(&document(&[number("first", 1), value.clone()])), "{value:?}");
        assert!(!is_walked(&document(&[value.clone(), number("last", 1)])), "{value:?}");
        assert!(!is_walked(&document(&[within("inner", from_ref(&value))])), "{value:?}");
        assert!(!is_walked(&document(&[array("array", from_ref(&value))])), "{value:?}");
    }
}

#[test]
fn binaries_with_a_length_of_their_own_are_left_to_python() {
    assert!(!is_taken(&binary("old", 2, &sized(b"abc"))));
    assert!(!is_taken(&binary("uuid", 4, &[0; 15])));
}

#[test]
fn names_may_not_stand_twice_in_a_document() {
    // More than a few are sorted, and those with the same eight bytes at their beginning are compared as a whole.
    for length in [0, 1, 7, 8, 9, 30] {
        for count in [2, 3, 24, 25, 200] {
            let names: Vec<_> = (0..count).map(|index| format!("{}{index:03}", "n".repeat(length))).collect();
            let mut elements: Vec<_> = names.iter().map(|name| number(name, 1)).collect();
            assert!(is_taken(&within("inner", &elements)));
            for (one, other) in [(0, 1), (0, count - 1), (count / 2, count - 1)] {
                let kept = std::mem::replace(&mut elements[other], number(&names[one], 2));
                assert_eq!(is_taken(&within("inner", &elements)), one == other, "{length} {count} {one} {other}");
                assert_eq!(is_walked(&document(&elements)), one == other, "{length} {count} {one} {other}");
                elements[other] = kept;
            }
        }
    }
}

#[test]
fn names_are_the_same_only_as_a_whole() {
    for (one, other) in [("", "a"), ("a", "aa"), ("a", "b"), ("abcdefgh", "abcdefghi"), ("abcdefgh1", "abcdefgh2")] {
        assert!(is_walked(&document(&[number(one, 1), number(other, 1)])), "{one} {other}");
        assert!(!is_walked(&document(&[number(one, 1), number(other, 1), text(one, "")])), "{one} {other}");
    }
}

#[test]
fn the_same_name_may_stand_in_an_array_and_in_documents_side_by_side() {
    let twice = [number("a", 1), number("a", 1)];
    assert!(is_walked(&document(&[array("array", &twice)])));
    let inner = [number("a", 1)];
    assert!(is_walked(&document(&[number("a", 1), within("b", &inner), within("c", &inner), array("d", &inner)])));
    let hidden = within("b", &[within("c", &twice)]);
    assert!(!is_walked(&document(&[number("a", 1), hidden.clone()])));
    assert!(!is_walked(&document(&[array("a", &[array("0", &[hidden])])])));
}

#[test]
fn a_walk_serves_again_after_one_that_was_stopped() {
    let (broken, whole) = (document(&[number("a", 1), flag("b", 2)]), document(&[number("a", 1), number("b", 1)]));
    let mut walk = Walk::new(LEVELS);
    for _ in 0..3 {
        assert!(walk.document(&broken, |_, _| Some(())).is_none());
        assert!(walk.document(&whole, |_, _| None).is_none());
        assert!(walk.document(&whole, |_, _| Some(())).is_some());
    }
}

#[test]
fn levels_are_counted() {
    assert!(is_walked(&document(&[nested(LEVELS)])));
    assert!(!is_walked(&document(&[nested(LEVELS + 1)])));
    assert!(is_walked(&document(&[array("array", &[nested(LEVELS - 1)]), nested(LEVELS)])));
    assert!(!is_walked(&document(&[array("array", &[nested(LEVELS)])])));
}

#[test]
fn lengths_of_documents_must_be_right() {
    let whole = document(&[number("a", 1)]);
    assert_eq!(document_size(&whole), Some(12));
    assert_eq!(document_size(&[&whole[..], b"more"].concat()), Some(12));
    for data in [&b""[..], b"\0", &[0; 5], b"\x05\0\0\0\x01", b"\x06\0\0\0\0", b"\x04\0\0\0\0", b"\xff\xff\xff\xff\0"] {
        assert_eq!(document_size(data), None, "{data:?}");
    }
    assert!(is_walked(&whole));
    assert!(!is_walked(&[&whole[..], b"\0"].concat()));
    for end in 0..whole.len() {
        assert!(!is_walked(&whole[..end]));
    }
}

#[test]
fn elements_are_shown_down_to_the_documents_at_the_top() {
    let data = document(&[
        text("text", "é"),
        within("inner", &[flag("flag", 1), within("deep", &[number("unseen", 1)]), array("array", &[number("0", 1)])]),
        array("array", &[within("0", &[number("unseen", 1)])]),
        timestamp("time"),
        element(NULL, "nothing", b""),
    ]);
    let mut shown = Vec::new();
    let seen = Walk::new(LEVELS).document(&data, |place, element| {
        shown.push((place, std::str::from_utf8(element.name).unwrap(), element.value));
        Some(())
    });
    assert!(seen.is_some());
    let within = Place::Within(b"inner");
    let expected = [
        (Place::Top, "text", Value::Text("é")),
        (within, "flag", Value::Bool(true)),
        (within, "deep", Value::Document),
        (within, "array", Value::Other),
        (Place::Top, "inner", Value::Document),
        (Place::Top, "array", Value::Other),
        (Place::Top, "time", Value::Timestamp),
        (Place::Top, "nothing", Value::Null),
    ];
    assert_eq!(shown, expected);
}
