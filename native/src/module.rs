//! The module for Python.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

use crate::plain;
use crate::walk::document_size;
use crate::work::{self, Cut, Limits, Work};

/// Grows with each change of what `cut` takes and gives; the server uses no other one than it was made for.
const INTERFACE: u32 = 1;
/// From how many bytes on other threads of Python may run while they are looked at.
const LONG: usize = 64 * 1024;
/// How many bytes most works take.
const USUAL: usize = 4 * 1024;

/// Cut documents that stand back to back apart, and look through each.
///
/// Args:
///     data: The documents.
///     start: Where the first one begins.
///     size: The most bytes of documents to look at, but for the first one, which may be larger.
///     number: Stop after so many documents.
///     levels: The most levels of documents and arrays within one.
///     most_bytes: The most bytes of one.
///
/// Returns:
///     Each of them, and where the next one begins: again at `start` where no document does. Those that are BSON, with
///     text in UTF-8 and no name twice in a document, come as their pipeline, id and status, whether they are locked,
///     and their bytes with `_id` as the first element. Others come as bytes: they break a rule, or have names at the
///     top that are not plain words, or values of rare types.
#[pyfunction]
#[pyo3(signature = (data, start, *, size, number, levels, most_bytes))]
fn cut<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyBytes>,
    start: usize,
    size: usize,
    number: usize,
    levels: usize,
    most_bytes: usize,
) -> PyResult<(Bound<'py, PyList>, usize)> {
    let left = data.as_bytes().get(start..).unwrap_or_default();
    let look = || work::cut(left, size, number, &Limits { levels, most_bytes });
    let is_long = left.len().min(size).max(document_size(left).unwrap_or(0)) >= LONG;
    let (documents, length) = if is_long { py.detach(look) } else { look() };
    let list = PyList::empty(py);
    for Cut { document, work } in &documents {
        match work {
            Some(work) => list.append(accepted(py, document, work)?)?,
            None => list.append(PyBytes::new(py, document))?,
        }
    }
    Ok((list, start + length))
}

type Accepted<'py> = (Bound<'py, PyString>, Bound<'py, PyString>, Bound<'py, PyString>, bool, Bound<'py, PyBytes>);

fn accepted<'py>(py: Python<'py>, document: &[u8], work: &Work) -> PyResult<Accepted<'py>> {
    let stored = PyBytes::new_with(py, work.stored_size(document), |buffer| {
        work.write_stored(document, buffer);
        Ok(())
    })?;
    let [pipeline, id, status] = [work.pipeline, work.id, work.status].map(|text| PyString::new(py, text));
    Ok((pipeline, id, status, work.locked, stored))
}

/// Encode a document as BSON.
///
/// Args:
///     document: What to encode.
///     levels: The most levels of documents and arrays within it.
///     most_bytes: The most bytes to encode it to.
///
/// Returns:
///     What `bson.encode` gives. None where it is more than that, might fail, or change something unnoticed: only dicts with strings as
///     keys, lists, tuples, strings, ints of 64 bits, floats, bools, bytes and None are encoded, and not what is derived
///     from these types. None also for a document with `_id`, which bson puts first.
#[pyfunction]
fn encode<'py>(
    py: Python<'py>,
    document: &Bound<'py, PyDict>,
    levels: usize,
    most_bytes: usize,
) -> Option<Bound<'py, PyBytes>> {
    let mut bson = Vec::with_capacity(USUAL);
    plain::document(document, Limits { levels, most_bytes }, &mut bson)?;
    Some(PyBytes::new(py, &bson))
}

/// Works, cut apart and looked through at the speed of the machine; see `cut`.
#[pymodule]
fn workflow_results_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("INTERFACE", INTERFACE)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_function(wrap_pyfunction!(cut, module)?)?;
    module.add_function(wrap_pyfunction!(encode, module)?)
}
