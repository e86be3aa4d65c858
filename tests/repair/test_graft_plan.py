"""What is copied into a wheel, under which names, and how its objects are edited: the pure plan."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.elf_samples import forge_elf

from felloe.audit.evidence import audit_members
from felloe.audit.object import Role
from felloe.audit.python.extension import find_module_name
from felloe.binary.elf.reader import parse_elf
from felloe.errors import FelloeError
from felloe.repair.external import Collection, External, Link, Missing
from felloe.repair.linux.layout import Layout
from felloe.repair.linux.plan import plan_graft
from felloe.repair.merkle import name_grafts
from felloe.wheel.install_scheme import POSIX
from felloe.wheel.member import Member
from felloe.wheel.tags import parse_wheel_name

SITE = POSIX.site_packages
LAYOUT = Layout(parse_wheel_name("Name_x-1.0-cp311-cp311-linux_x86_64.whl"))
BARE = parse_elf(forge_elf([]))
"""An object that needs nothing."""
OBJECT = audit_members([Member.from_bytes("lib.so", forge_elf([]))], {}, "glibc").objects[0]


def external(name, content=None, **facts):
    """A library whose path, soname and content are one word."""
    return External(f"/{name}", f"lib{name}.so.1", content or name, replace(BARE, **facts))


def links(*pairs):
    """``a>b``: /a needs libb.so.1, which is /b."""
    split = (pair.split(">") for pair in pairs)
    return tuple(Link(f"/{one}", f"lib{two.rstrip('123')}.so.1", f"/{two}") for one, two in split)


def names_of(contents, *pairs, included=None, private=None):
    """External -> its name; ``contents`` are ``a`` or ``a=content`` words."""
    words = [word.partition("=") for word in contents.split()]
    externals = tuple(external(name, content) for name, _, content in words)
    found = name_grafts(Collection(externals, links(*pairs), included=included or {}), private)
    return {path.strip("/"): name for path, name in found.items()}


def member(path, role=Role.LIBRARY, **facts):
    module = find_module_name(path.rpartition("/")[2]) if role is Role.MODULE else None
    return replace(OBJECT, path=path, elf=replace(BARE, **facts), role=role, module=module)


def edits_of(*objects, collection=None, foreign=None):
    return plan_graft(objects, collection or Collection(), LAYOUT, foreign or {}).edits


# Names.


def test_a_name_is_the_soname_with_a_hash_before_its_version():
    name = names_of("a")["a"]
    assert name.startswith("liba-")
    assert name.endswith(".so.1")
    assert len(name) == len("liba-01234567.so.1")


@pytest.mark.parametrize(
    ("soname", "form"),
    [
        ("libx.so", "libx-*.so"),
        ("libx-2.so.1.2", "libx-2-*.so.1.2"),
        ("libstdc++.so.6", "libstdc++-*.so.6"),
        ("plugin", "plugin-*"),
        ("lib.solver.so.2", "lib-*.solver.so.2"),
    ],
)
def test_names_of_all_forms(soname, form):
    item = External("/x", soname, "content", BARE)
    name = name_grafts(Collection((item,)))["/x"]
    head, tail = form.split("*")
    assert name.startswith(head)
    assert name.endswith(tail)
    assert len(name) == len(form) - 1 + 8


def test_another_inner_library_gives_the_outer_one_another_name():
    """Names by content alone, as auditwheel gives them, are equal here: `a` is the same file."""
    one, two = names_of("a b=1", "a>b"), names_of("a b=2", "a>b")
    assert one["a"] != two["a"]
    assert one["b"] != two["b"]


def test_the_same_libraries_have_the_same_names_in_any_company():
    """Whatever else a wheel copies, and in whichever order it was found."""
    alone = names_of("a b c", "a>b", "b>c")
    crowded = names_of("c x b y a", "x>a", "b>c", "y>x", "a>b")
    assert {name: crowded[name] for name in "abc"} == alone


def test_a_name_depends_on_what_is_needed_under_which_name():
    collection = (external("a"), external("b"))
    one = Collection(collection, (Link("/a", "libb.so.1", "/b"),))
    two = Collection(collection, (Link("/a", "libalias.so", "/b"),))
    assert name_grafts(one)["/a"] != name_grafts(two)["/a"]


def test_a_name_depends_on_the_shape_of_what_is_behind_it():
    """The same set of files is reached, but each of the two leads to the other one's."""
    straight = names_of("a b c d1=1 d2=2", "a>b", "a>c", "b>d1", "c>d2")
    crossed = names_of("a b c d1=1 d2=2", "a>b", "a>c", "b>d2", "c>d1")
    assert straight["b"] != crossed["b"]
    assert straight["a"] != crossed["a"]
    assert straight["d1"] == crossed["d1"]


def test_circles_have_names():
    ring = names_of("a b c", "a>b", "b>c", "c>a")
    assert len(set(ring.values())) == 3
    assert names_of("c b a", "c>a", "b>c", "a>b") == ring
    changed = names_of("a b c=other", "a>b", "b>c", "c>a")
    assert all(ring[name] != changed[name] for name in "abc")
    assert names_of("a", "a>a") != names_of("a")


def test_an_included_library_keeps_its_name_and_its_users_know():
    kept = names_of("a b", "a>b", included={"/b": "libplug.so"})
    assert kept["b"] == "libplug.so"
    assert kept["a"] != names_of("a b", "a>b")["a"]


def test_what_needs_a_wheels_own_library_is_that_wheels():
    one = names_of("a b", "b>a", private={"/a": "one.libs"})
    two = names_of("a b", "b>a", private={"/a": "two.libs"})
    assert one["a"] != two["a"]
    assert one["b"] != two["b"]


def test_equal_files_are_one_graft():
    found = (external("a"), external("b", "a"))
    collection = Collection((found[0], replace(found[1], soname="liba.so.1")))
    plan = plan_graft((), collection, LAYOUT, {})
    assert len(plan.grafts) == 1


def test_two_files_cannot_have_one_name():
    included = {"/a": "libplug.so", "/b": "libplug.so"}
    collection = Collection((external("a"), external("b")), included=included)
    with pytest.raises(FelloeError, match=r"/a and /b would both be libplug\.so"):
        plan_graft((), collection, LAYOUT, {})


# Grafts.


def graft_edits(collection, objects=(), foreign=None):
    plan = plan_graft(objects, collection, LAYOUT, foreign or {})
    return {item.external.path: (item.member, item.edit) for item in plan.grafts}


def test_only_a_copy_that_needs_another_gets_a_path():
    collection = Collection(
        (external("a", needed=("libb.so.1", "libc.so.6")), external("b", rpath=("/build",))),
        links("a>b"),
    )
    found = graft_edits(collection)
    inner = found["/b"][0].rpartition("/")[2]
    assert found["/a"][0].startswith("Name_x.libs/liba-")
    assert found["/a"][1].needed == {"libb.so.1": inner}
    assert (found["/a"][1].rpath, found["/a"][1].runpath) == ("$ORIGIN", False)
    assert found["/b"][1].soname == inner
    assert found["/b"][1].rpath == ""


def test_a_copy_drops_libpython():
    collection = Collection((external("a", needed=("libpython3.11.so.1.0",)),))
    assert graft_edits(collection)["/a"][1].dropped == {"libpython3.11.so.1.0"}


def test_a_copy_may_be_led_back_into_the_wheel_and_to_others():
    collection = Collection((external("a", needed=("libown.so", "libprov.so")),))
    objects = [member("pkg/sub/libown.so")]
    edit = graft_edits(collection, objects, {"/a": [f"{SITE}/other/lib"]})["/a"][1]
    assert edit.rpath == "$ORIGIN/../pkg/sub:$ORIGIN/../other/lib"


# Members.


@pytest.mark.parametrize(
    ("path", "rpath"),
    [
        ("m.so", "$ORIGIN/Name_x.libs"),
        ("pkg/m.so", "$ORIGIN/../Name_x.libs"),
        ("pkg/a/b/m.so", "$ORIGIN/../../../Name_x.libs"),
        ("Name_x-1.0.data/platlib/m.so", "$ORIGIN/Name_x.libs"),
        ("name.x-1.0.data/purelib/pkg/m.so", "$ORIGIN/../Name_x.libs"),
        ("Name_x.libs/libearlier.so", "$ORIGIN"),
    ],
)
def test_the_way_to_the_copies(path, rpath):
    collection = Collection((external("a"),), (Link(path, "liba.so.1", "/a"),))
    edit = edits_of(member(path, needed=("liba.so.1",)), collection=collection)[path]
    assert edit.rpath == rpath


def test_a_member_that_needs_nothing_is_not_edited():
    assert edits_of(member("pkg/m.so", needed=("libc.so.6",))) == {}
    assert edits_of(member("pkg/m.so", runpath=("$ORIGIN",))) == {}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("/abs",), ""),
        (("",), ""),
        (("rel",), ""),
        (("$ORIGIN/../own",), None),
        (("${ORIGIN}/../own",), None),
        (("$ORIGIN/../own/",), None),
        (("$ORIGIN//../own",), None),
        (("$ORIGIN/../own", "/abs"), "$ORIGIN/../own"),
        (("$ORIGIN/../own", "/abs", "${ORIGIN}/../own"), "$ORIGIN/../own"),
        (("$ORIGIN/empty",), ""),
        (("$ORIGIN/../..",), ""),
        (("$ORIGIN/../../own",), ""),
        (("$ORIGIN/../$LIB",), ""),
        (("$ORIGINAL/../own",), ""),
        (("$ORIGIN/../.hidden",), None),
        (("$ORIGIN/../hidden",), ""),
        (("$ORIGIN/../other/lib",), ""),
    ],
)
@pytest.mark.parametrize("kind", ["rpath", "runpath"])
def test_entries_that_lead_to_something_of_the_wheel_stay(before, after, kind):
    module = member("pkg/m.so", **{kind: before})
    own = [member("own/libown.so"), member(".hidden/libhidden.so")]
    edit = edits_of(module, *own).get("pkg/m.so")
    assert (edit.rpath if edit else None) == after
    assert edit is None or edit.runpath == (kind == "runpath")


@pytest.mark.parametrize(
    "facts",
    [{"waived": frozenset({"libx.so"})}, {"missing": (Missing("pkg/m.so", "libx.so", ()),)}],
)
def test_entries_that_may_lead_to_another_distribution_stay_if_one_is_needed(facts):
    """Also below a directory that several distributions share, as those of nvidia and cmeel."""
    entries = ("$ORIGIN/../../other/lib", "$ORIGIN/../sibling/lib", "$ORIGIN/../..", "$ORIGIN/..")
    entries += ("$ORIGIN/../../../..",)
    module = member("shared/own/m.so", rpath=("/build", f"$ORIGIN{6 * '/..'}", *entries))
    edit = edits_of(module, collection=Collection(**facts))["shared/own/m.so"]
    assert edit.rpath == ":".join(entries)


def test_of_two_paths_only_the_one_that_counts_stays():
    module = member("pkg/m.so", rpath=("/build",), runpath=("$ORIGIN",))
    edit = edits_of(module)["pkg/m.so"]
    assert (edit.rpath, edit.runpath) == ("$ORIGIN", True)
    assert edit.expect(module.elf).rpath == ()


@pytest.mark.parametrize(
    ("libraries", "rpath"),
    [
        (["pkg/libown.so"], "$ORIGIN"),
        (["pkg/sub/libown.so"], "$ORIGIN/sub"),
        (["libown.so"], "$ORIGIN/.."),
        (["pkg/libown.so", "far/libown.so"], "$ORIGIN"),
        (["b/libown.so", "a/libown.so"], "$ORIGIN/../a"),
        (["Name_x-1.0.data/platlib/pkg/libown.so"], "$ORIGIN"),
    ],
)
def test_the_way_to_a_library_of_the_wheel(libraries, rpath):
    objects = [member("pkg/m.so", needed=("libown.so",)), *map(member, libraries)]
    assert edits_of(*objects)["pkg/m.so"].rpath == rpath


def test_a_way_that_is_there_is_not_doubled():
    module = member("pkg/m.so", needed=("libown.so",), rpath=("$ORIGIN/../far",))
    assert edits_of(module, member("pkg/libown.so"), member("far/libown.so")) == {}


DATA = "Name_x-1.0.data"


@pytest.mark.parametrize(
    ("path", "library", "rpath"),
    [
        ("pkg/m.so", "data/lib/libown.so", "$ORIGIN/../../.."),
        ("m.so", "data/lib/libown.so", "$ORIGIN/../.."),
        (f"{DATA}/scripts/run", "data/lib/libown.so", "$ORIGIN/../lib"),
        (f"{DATA}/data/bin/run", "data/lib/sub/libown.so", "$ORIGIN/../lib/sub"),
        (f"{DATA}/data/lib/x.so", "data/lib/libown.so", "$ORIGIN"),
        (f"{DATA}/data/lib/x.so", "scripts/libown.so", "$ORIGIN/../bin"),
        (f"{DATA}/headers/x.so", "data/lib/libown.so", "$ORIGIN/../../../../lib"),
    ],
)
def test_the_way_to_a_library_in_another_scheme(path, library, rpath):
    item = member(path, needed=("libown.so",), rpath=("/build",))
    own = member(f"{DATA}/{library}")
    assert edits_of(item, own)[path].rpath == rpath
    as_found = member(path, needed=("libown.so",), rpath=(rpath,))
    assert edits_of(as_found, own) == {}


@pytest.mark.parametrize("scheme", ["scripts", "data/libexec", "headers"])
def test_no_fixed_path_leads_into_site_packages(scheme):
    path = f"{DATA}/{scheme}/thing"
    thing = member(path, needed=("libown.so",), rpath=("/build", "$ORIGIN/../lib", ""))
    assert edits_of(thing, member("pkg/libown.so"))[path].rpath == ""


def homes_of(*objects, externals, pairs, included=None):
    found = tuple(external(name) for name in externals.split())
    made = (*links(*(pair for pair in pairs if ":" not in pair)),)
    needs = [pair.split(":") for pair in pairs if ":" in pair]
    made += tuple(Link(path, f"lib{name}.so.1", f"/{name}") for path, name in needs)
    collection = Collection(found, made, included=included or {})
    plan = plan_graft(objects, collection, LAYOUT, {})
    return {g.external.path.strip("/"): g.member.rpartition("/")[0] for g in plan.grafts}, plan


def test_copies_lie_where_all_that_need_them_find_them():
    """Site-packages finds the way out, nothing outside finds the way in."""
    outside = f"{DATA}/data/lib/libx.so"
    objects = [member("pkg/m.so", needed=("liba.so.1", "libb.so.1")), member(outside)]
    pairs = ["pkg/m.so:a", "pkg/m.so:b", f"{outside}:b", "b>c", "c>b", "a>c"]
    homes, plan = homes_of(*objects, externals="a b c", pairs=pairs)
    shared = f"{DATA}/data/lib/Name_x.libs"
    assert homes == {"a": "Name_x.libs", "b": shared, "c": shared}
    edits = {g.external.path: g.edit.rpath for g in plan.grafts}
    assert edits == {"/a": "$ORIGIN/../../../Name_x.libs", "/b": "$ORIGIN", "/c": "$ORIGIN"}
    assert plan.edits[outside].rpath == "$ORIGIN/Name_x.libs"
    assert plan.edits["pkg/m.so"].rpath == "$ORIGIN/../Name_x.libs:$ORIGIN/../../../Name_x.libs"


def test_a_library_that_is_loaded_by_name_is_where_all_find_it():
    for other, home in (("pkg/x.so", "Name_x.libs"), (f"{DATA}/data/lib/x.so", "data/lib")):
        objects = [member("pkg/m.so"), member(other)]
        homes, _ = homes_of(*objects, externals="a", pairs=[], included={"/a": "libplug.so"})
        assert home in homes["a"]


def test_who_loads_by_name_finds_what_is_included():
    collection = Collection((external("a"),), included={"/a": "libplug.so"})
    module = member("pkg/m.so", Role.MODULE, rpath=("/x",))
    found = edits_of(module, member("pkg/liblib.so"), collection=collection)
    assert found["pkg/m.so"].rpath == found["pkg/liblib.so"].rpath == "$ORIGIN/../Name_x.libs"


def test_libpython_is_dropped_unless_a_program_needs_it():
    needed = ("libpython3.11.so.1.0", "libc.so.6")
    found = edits_of(
        member("m.so", Role.MODULE, needed=needed),
        member("libx.so", needed=needed),
        member("bin/embeds", Role.PROGRAM, needed=needed),
    )
    assert sorted(found) == ["libx.so", "m.so"]
    assert found["m.so"].dropped == {"libpython3.11.so.1.0"}


def test_an_edit_is_needed_only_once():
    """The plan for a wheel that was grafted before is empty."""
    collection = Collection((external("a"),), (Link("pkg/m.so", "liba.so.1", "/a"),))
    module = member("pkg/m.so", needed=("liba.so.1",), runpath=("/build",))
    plan = plan_graft([module], collection, LAYOUT, {})
    after = replace(module, elf=plan.edits["pkg/m.so"].expect(module.elf))
    (graft,) = plan.grafts
    copied = member(graft.member, soname=graft.edit.soname)
    assert edits_of(after, copied) == {}


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("pkg/m.so", None),
        (f"{DATA}/scripts/run", "run"),
        ("name.x-1.0.data/scripts/a/run", "a/run"),
        (f"{DATA}/data/bin/run", "run"),
        (f"{DATA}/data/libexec/run", None),
    ],
)
def test_programs_that_become_commands(path, command):
    assert LAYOUT.find_command(path) == command
