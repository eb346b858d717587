//! What is taken for a work, how it is stored, and how works are cut apart.

mod made;

use std::slice::from_ref;

use made::{array, document, element, flag, nested, number, text, timestamp, within};
use workflow_results_native::types::NULL;
use workflow_results_native::walk::Walk;
use workflow_results_native::work::{cut, Limits, Work};

const LEVELS: usize = 4;

/// The elements of a work, with some in front of them and some behind.
fn work(front: &[Vec<u8>], behind: &[Vec<u8>]) -> Vec<u8> {
    let fields = [text("pipeline", "frb-dm"), text("status", "success"), text("id", "burst-é")];
    document(&[front, &fields, behind].concat())
}

fn is_accepted(data: &[u8]) -> bool {
    Work::read(data, &mut Walk::new(LEVELS)).is_some()
}

fn stored(data: &[u8]) -> Vec<u8> {
    let work = Work::read(data, &mut Walk::new(LEVELS)).unwrap();
    let mut stored = vec![b'?'; work.stored_size(data)];
    work.write_stored(data, &mut stored);
    stored
}

#[test]
fn what_a_work_says_about_itself() {
    let data = work(&[number("dm", 1)], &[within("results", &[text("locked_by", "x")])]);
    let expected = Work { pipeline: "frb-dm", id: "burst-é", status: "success", locked: false, has_id_first: false };
    assert_eq!(Work::read(&data, &mut Walk::new(LEVELS)), Some(expected));
}

#[test]
fn only_results_lock_a_work() {
    let lock = [flag("locked", 1)];
    let some = [
        (within("results", &lock), true),
        (within("results", &[flag("locked", 0)]), false),
        (within("results", &[within("a", &lock)]), false),
        (within("other", &lock), false),
        (flag("locked", 1), false),
        (array("other", &[within("results", &lock)]), false),
        (element(NULL, "results", b""), false),
    ];
    for (field, locked) in some {
        let data = work(&[], from_ref(&field));
        assert_eq!(Work::read(&data, &mut Walk::new(LEVELS)).map(|work| work.locked), Some(locked), "{field:?}");
    }
}

#[test]
fn where_there_is_doubt_a_work_is_left_to_python() {
    let doubtful = [
        element(NULL, "id", b""),
        text("_id", "burst-e"),
        number("_id", 1),
        array("results", &[]),
        text("results", ""),
        within("results", &[element(NULL, "locked", b"")]),
        within("results", &[number("locked", 1)]),
        within("results", &[within("locked", &[])]),
        timestamp("time"),
        number("", 1),
        number("$set", 1),
        number("a.b", 1),
        number("é", 1),
        number("a b", 1),
        nested(LEVELS + 1),
        flag("broken", 2),
        text("status", "failure"), // twice
    ];
    for field in doubtful {
        assert!(!is_accepted(&work(&[], from_ref(&field))), "{field:?}");
        assert!(!is_accepted(&work(from_ref(&field), &[])), "{field:?}");
    }
}

#[test]
fn such_names_and_values_are_none_of_our_business_further_down() {
    let inner = [number("$set", 1), number("a.b", 1), number("", 1), timestamp("time"), number("_id", 1)];
    for field in [within("other", &inner), within("results", &inner), array("array", &inner)] {
        assert!(is_accepted(&work(&[], from_ref(&field))), "{field:?}");
    }
    assert!(is_accepted(&work(&[], &[number("A-Z_az-09", 1), nested(LEVELS)])));
}

#[test]
fn each_deciding_field_must_be_there_and_be_text() {
    for name in ["id", "pipeline", "status"] {
        let others: Vec<_> = ["id", "pipeline", "status"].iter().filter(|&&each| each != name).collect();
        let others: Vec<_> = others.iter().map(|each| text(each, "x")).collect();
        assert!(!is_accepted(&document(&others)), "{name}");
        for value in [number(name, 1), element(NULL, name, b""), array(name, &[]), within(name, &[])] {
            assert!(!is_accepted(&document(&[others.clone(), vec![value]].concat())), "{name}");
        }
        assert!(is_accepted(&document(&[others, vec![text(name, "")]].concat())), "{name}");
        // Python knows the rules
    }
}

#[test]
fn a_work_is_stored_with_its_id_in_front() {
    let fields = [within("results", &[number("dm", 1)])];
    let (id, with_id) = (text("_id", "burst-é"), |data: &[u8]| document(&[text("_id", "burst-é"), data.to_vec()]));
    let sent = work(&[], &fields);
    assert_eq!(stored(&sent), with_id(&sent[4..sent.len() - 1]));
    let sent = work(from_ref(&id), &fields);
    assert_eq!(stored(&sent), sent);
    assert!(!is_accepted(&work(&[text("_id", "burst-e")], &fields)));
    assert!(!is_accepted(&work(&[number("dm", 1), id], &fields)));
}

fn sizes(data: &[u8], size: usize, number: usize) -> (Vec<(usize, bool)>, usize) {
    let (found, end) = cut(data, size, number, &Limits { levels: LEVELS, most_bytes: 200 });
    (found.iter().map(|each| (each.document.len(), each.work.is_some())).collect(), end)
}

#[test]
fn works_are_cut_apart() {
    let (good, doubtful) = (work(&[], &[]), work(&[timestamp("time")], &[]));
    let (one, other) = (good.len(), doubtful.len());
    let data = [&good[..], &doubtful, &good].concat();
    let all = (vec![(one, true), (other, false), (one, true)], data.len());
    assert_eq!(sizes(&data, 1000, 1000), all);
    assert_eq!(sizes(&data, data.len(), 3), all);
    assert_eq!(sizes(&data, 1000, 1), (vec![(one, true)], one));
    assert_eq!(sizes(&data, 1, 1000), (vec![(one, true)], one));
    assert_eq!(sizes(&data, one, 1000), (vec![(one, true)], one));
    assert_eq!(sizes(&data, one + other - 1, 1000).1, one);
    assert_eq!(sizes(&data, one + other, 1000).1, one + other);
    assert_eq!(sizes(&data, 0, 1000), (vec![], 0));
    assert_eq!(sizes(&data, 1000, 0), (vec![], 0));
    assert_eq!(sizes(b"", 1000, 1000), (vec![], 0));
}

#[test]
fn what_follows_the_last_document_is_left() {
    let good = work(&[], &[]);
    for rest in [&b"x"[..], b"\x05\0\0\0", b"\x05\0\0\0x", b"\xff\xff\xff\xff\0", &good[..good.len() - 1]] {
        assert_eq!(sizes(&[&good, rest].concat(), 1000, 1000), (vec![(good.len(), true)], good.len()));
        assert_eq!(sizes(rest, 1000, 1000), (vec![], 0));
    }
}

#[test]
fn larger_works_than_are_stored_are_left_to_python() {
    let largest = 200 - work(&[], &[text("pad", "")]).len();
    let pad = |size: usize| work(&[], &[text("pad", &"x".repeat(size))]);
    assert_eq!(sizes(&pad(largest), 1000, 1000).0, [(200, true)]);
    assert_eq!(sizes(&pad(largest + 1), 1000, 1000).0, [(201, false)]);
}
