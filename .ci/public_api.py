"""A crate's public API out of rustdoc's JSON, one line an item.

What this file does not know ends it with a KeyError or ValueError, so that no list leaves something out.
"""

PRELUDE = {
    "AsMut", "AsRef", "Box", "Clone", "Copy", "Default", "Drop", "Eq", "Extend", "Fn", "FnMut", "FnOnce",
    "From", "FromIterator", "Future", "Into", "IntoFuture", "IntoIterator", "Iterator", "Option", "Ord",
    "PartialEq", "PartialOrd", "Result", "Send", "Sized", "String", "Sync", "ToOwned", "ToString",
    "TryFrom", "TryInto", "Unpin", "Vec",
}
STANDARD = {"alloc", "core", "std"}


def lines(doc):
    """The sorted lines: what belongs to a type stands below it."""
    api = Api(doc)
    api.module(doc["index"][str(doc["root"])], api.crate)
    for item in doc["index"].values():
        if "impl" in item["inner"] and item["crate_id"] == 0:
            api.implementation(item["inner"]["impl"])
    return [line for _, line in sorted(api.found)]


def is_of_pin_project(impl):
    """The `Unpin` of pin-project-lite: its bound is a private type."""
    return any(parameter["name"] == "'__pin" for parameter in impl["generics"]["params"])


class Api:
    def __init__(self, doc):
        self.index = doc["index"]
        self.foreign = doc["paths"]
        self.crate = doc["index"][str(doc["root"])]["name"]
        # The paths under which users find the crate's own types and traits, by id.
        self.paths = {}
        self.found = set()

    def add(self, path, line):
        self.found.add((path, line))

    # Items

    def module(self, item, path):
        for id_ in item["inner"]["module"]["items"]:
            self.item(self.index[str(id_)], path)

    def item(self, item, parent):
        kind, inner = next(iter(item["inner"].items()))
        path = f"{parent}::{item['name']}"
        mark = "#[non_exhaustive] " if "non_exhaustive" in item["attrs"] else ""
        if kind == "use":
            self.use(inner, parent)
        elif kind == "module":
            self.add(path, f"pub mod {path}")
            self.module(item, path)
        elif kind == "struct":
            self.paths[item["id"]] = path
            self.structure(inner, path, mark)
        elif kind == "enum":
            self.paths[item["id"]] = path
            self.add(path, f"{mark}pub enum {path}{self.generics(inner)}")
            for id_ in inner["variants"]:
                self.variant(self.index[str(id_)], path)
        elif kind == "trait":
            self.paths[item["id"]] = path
            bounds = self.bounds(inner["bounds"], ": ")
            self.add(path, f"pub trait {path}{self.generics(inner)}{bounds}{self.where(inner)}")
            self.members(inner["items"], path, path, [])
        elif kind == "type_alias":
            self.add(path, f"pub type {path}{self.generics(inner)} = {self.type(inner['type'])}")
        elif kind == "constant":
            self.add(path, f"pub const {path}: {self.type(inner['type'])}")
        elif kind == "static":
            self.add(path, f"pub static {path}: {self.type(inner['type'])}")
        elif kind == "function":
            self.add(path, self.function(inner, path, []))
        elif kind == "macro":
            self.add(path, f"pub macro {path}!")
        else:
            raise ValueError(f"{path} is a {kind}")

    def use(self, use, parent):
        target = self.index.get(str(use["id"]))
        if target is None:
            path = f"{parent}::{'*' if use['is_glob'] else use['name']}"
            self.add(path, f"pub use {path} = {use['source']}")
        elif use["is_glob"]:
            self.module(target, parent)
        else:
            self.item({**target, "name": use["name"]}, parent)

    def structure(self, struct, path, mark):
        kind = struct["kind"]
        name = f"{mark}pub struct {path}{self.generics(struct)}"
        if kind == "unit":
            self.add(path, name)
        elif "tuple" in kind:
            self.add(path, f"{name}({self.fields_in_order(kind['tuple'])})")
        else:
            private = " { .. }" if kind["plain"]["has_stripped_fields"] else ""
            self.add(path, f"{name}{private}{self.where(struct)}")
            for field in self.fields(kind["plain"]["fields"]):
                self.add(f"{path}::{field}", f"pub {path}::{field}")

    def fields(self, ids):
        for id_ in ids:
            field = self.index[str(id_)]
            yield f"{field['name']}: {self.type(field['inner']['struct_field'])}"

    def fields_in_order(self, ids):
        types = ("_" if id_ is None else self.index[str(id_)]["inner"]["struct_field"] for id_ in ids)
        return ", ".join(part if part == "_" else self.type(part) for part in types)

    def variant(self, item, parent):
        kind = item["inner"]["variant"]["kind"]
        path = f"{parent}::{item['name']}"
        if kind == "plain":
            self.add(path, path)
        elif "tuple" in kind:
            self.add(path, f"{path}({self.fields_in_order(kind['tuple'])})")
        else:
            self.add(path, f"{path} {{ {', '.join(self.fields(kind['struct']['fields']))} }}")

    def members(self, ids, owner, shown, bounds):
        """What a trait or an inherent impl holds. A trait's function with a body is a default."""
        for id_ in ids:
            item = self.index[str(id_)]
            kind, inner = next(iter(item["inner"].items()))
            path, name = f"{owner}::{item['name']}", f"{shown}::{item['name']}"
            if kind == "function":
                in_trait = item["visibility"] == "default"
                default = " { .. }" if in_trait and inner["has_body"] else ""
                self.add(path, self.function(inner, name, bounds) + default)
            elif kind == "assoc_type":
                default = f" = {self.type(inner['type'])}" if inner["type"] else ""
                self.add(path, f"pub type {name}{self.bounds(inner['bounds'], ': ')}{default}")
            elif kind == "assoc_const":
                self.add(path, f"pub const {name}: {self.type(inner['type'])}")
            else:
                raise ValueError(f"{path} is a {kind}")

    def implementation(self, impl):
        """Of what the crate itself writes and users can see: no blanket and no auto traits."""
        trait, target = impl["trait"], impl["for"].get("resolved_path", {})
        if impl["blanket_impl"] or impl["is_synthetic"] or is_of_pin_project(impl):
            return
        if any(self.is_hidden(path) for path in (trait, target) if path):
            return
        shown = self.type(impl["for"], full=True)
        owner = self.paths.get(target.get("id"), shown)
        if trait is None:
            self.members(impl["items"], owner, shown, self.predicates(impl))
            return
        name = f"{self.path(trait)} for {shown}"
        header = f"impl{self.generics(impl, bounds=False)} {name}"
        self.add(f"{owner} impl", header + self.where(impl, with_parameters=True))
        for id_ in impl["items"]:
            item = self.index[str(id_)]
            if "assoc_type" in item["inner"]:
                value = self.type(item["inner"]["assoc_type"]["type"])
                self.add(f"{owner} impl", f"{header}: type {item['name']} = {value}")

    def is_hidden(self, path):
        """Own, but nowhere exported; or what `derive(PartialEq)` writes for the compiler."""
        if path["path"] == "StructuralPartialEq":
            return True
        return self.crate_of(path) == self.crate and path["id"] not in self.paths

    # Parts of items

    def function(self, function, name, bounds):
        header, signature = function["header"], function["sig"]
        words = [word for word in ("const", "async", "unsafe") if header[f"is_{word}"]]
        inputs = ", ".join(self.argument(*argument) for argument in signature["inputs"])
        output = f" -> {self.type(signature['output'])}" if signature["output"] else ""
        start = " ".join(["pub", *words, "fn", name])
        where = self.where(function, more=bounds)
        return f"{start}{self.generics(function)}({inputs}){output}{where}"

    def argument(self, name, type_):
        receiver = {"generic": "Self"}
        reference = type_.get("borrowed_ref", {})
        if name == "self" and type_ == receiver:
            return "self"
        if name == "self" and reference.get("type") == receiver:
            return self.type(type_).removesuffix("Self") + "self"
        return f"{name}: {self.type(type_)}"

    def generics(self, item, bounds=True):
        shown = [
            self.parameter(parameter, bounds)
            for parameter in item["generics"]["params"]
            if not parameter["kind"].get("type", {}).get("is_synthetic")
        ]
        return f"<{', '.join(shown)}>" if shown else ""

    def parameter(self, parameter, bounds):
        kind, inner = next(iter(parameter["kind"].items()))
        if kind == "const":
            return f"const {parameter['name']}: {self.type(inner['type'])}"
        if kind == "lifetime" or not bounds:
            return parameter["name"]
        default = f" = {self.type(inner['default'])}" if inner["default"] else ""
        return parameter["name"] + self.bounds(inner["bounds"], ": ") + default

    def predicates(self, item):
        """The bounds of an impl's parameters and its where clauses."""
        return [
            parameter["name"] + bounds
            for parameter in item["generics"]["params"]
            if (bounds := self.bounds(parameter["kind"].get("type", {}).get("bounds", []), ": "))
        ] + [self.predicate(predicate) for predicate in item["generics"]["where_predicates"]]

    def predicate(self, predicate):
        kind, inner = next(iter(predicate.items()))
        if kind == "bound_predicate":
            return self.binder(inner) + self.type(inner["type"]) + self.bounds(inner["bounds"], ": ")
        if kind == "lifetime_predicate":
            return f"{inner['lifetime']}: {' + '.join(inner['outlives'])}"
        raise ValueError(f"a where clause of kind {kind}")

    def where(self, item, more=(), with_parameters=False):
        own = self.predicates(item) if with_parameters else [
            self.predicate(predicate) for predicate in item["generics"]["where_predicates"]
        ]
        predicates = [*more, *own]
        return f" where {', '.join(predicates)}" if predicates else ""

    def bounds(self, bounds, before):
        shown = " + ".join(self.bound(bound) for bound in bounds)
        return before + shown if shown else ""

    def bound(self, bound):
        if "outlives" in bound:
            return bound["outlives"]
        if "use" in bound:
            return f"use<{', '.join(next(iter(part.values())) for part in bound['use'])}>"
        inner = bound["trait_bound"]
        maybe = {"none": "", "maybe": "?"}[inner["modifier"]]
        return self.binder(inner) + maybe + self.path(inner["trait"])

    def binder(self, item):
        names = [parameter["name"] for parameter in item["generic_params"]]
        return f"for<{', '.join(names)}> " if names else ""

    # Types

    def type(self, type_, full=False):
        kind, inner = next(iter(type_.items()))
        if kind in ("generic", "primitive"):
            return "!" if inner == "never" else inner
        if kind == "resolved_path":
            return self.path(inner, full)
        if kind == "borrowed_ref":
            lifetime = f"{inner['lifetime']} " if inner["lifetime"] else ""
            target = self.type(inner["type"], full)
            target = f"({target})" if " + " in target and "dyn_trait" in inner["type"] else target
            return f"&{lifetime}{'mut ' if inner['is_mutable'] else ''}{target}"
        if kind == "tuple":
            comma = "," if len(inner) == 1 else ""
            return f"({', '.join(self.type(part) for part in inner)}{comma})"
        if kind == "slice":
            return f"[{self.type(inner)}]"
        if kind == "array":
            return f"[{self.type(inner['type'])}; {inner['len']}]"
        if kind == "impl_trait":
            return f"impl{self.bounds(inner, ' ')}"
        if kind == "dyn_trait":
            traits = [self.binder(part) + self.path(part["trait"]) for part in inner["traits"]]
            return " + ".join(["dyn " + traits[0], *traits[1:], *filter(None, [inner["lifetime"]])])
        if kind == "qualified_path":
            return self.qualified(inner)
        if kind == "function_pointer":
            inputs = ", ".join(self.type(part) for _, part in inner["sig"]["inputs"])
            output = f" -> {self.type(inner['sig']['output'])}" if inner["sig"]["output"] else ""
            return f"{self.binder(inner)}fn({inputs}){output}"
        raise ValueError(f"a type of kind {kind}")

    def qualified(self, path):
        own = self.type(path["self_type"])
        if path["trait"] and path["trait"]["path"] and "generic" not in path["self_type"]:
            own = f"<{own} as {self.path(path['trait'])}>"
        return f"{own}::{path['name']}{self.arguments(path['args'])}"

    def path(self, path, full=False):
        return self.name(path, full) + self.arguments(path["args"])

    def name(self, path, full):
        """`User`, `Option`, `std::time::Duration`, `http::HeaderMap`: never a private module."""
        last = path["path"].rsplit("::", 1)[-1]
        crate = self.crate_of(path)
        if crate == self.crate:
            return self.paths.get(path["id"], last) if full else last
        summary = self.foreign[str(path["id"])]["path"]
        if crate not in STANDARD:
            return f"{'serde' if crate == 'serde_core' else crate}::{summary[-1]}"
        return summary[-1] if summary[-1] in PRELUDE else f"std::{summary[1]}::{summary[-1]}"

    def crate_of(self, path):
        summary = self.foreign.get(str(path["id"]))
        return summary["path"][0] if summary else self.crate

    def arguments(self, args):
        kind, inner = next(iter(args.items())) if args else (None, None)
        if kind == "parenthesized":
            inputs = ", ".join(self.type(part) for part in inner["inputs"])
            return f"({inputs})" + (f" -> {self.type(inner['output'])}" if inner["output"] else "")
        if kind == "angle_bracketed":
            shown = [self.generic_argument(arg) for arg in inner["args"]]
            shown += [self.constraint(constraint) for constraint in inner["constraints"]]
            return f"<{', '.join(shown)}>" if shown else ""
        if kind is None:
            return ""
        raise ValueError(f"arguments of kind {kind}")

    def generic_argument(self, arg):
        if arg == "infer":
            return "_"
        kind, inner = next(iter(arg.items()))
        if kind == "const":
            return inner["expr"]
        return inner if kind == "lifetime" else self.type(inner)

    def constraint(self, constraint):
        name = constraint["name"] + self.arguments(constraint["args"])
        kind, inner = next(iter(constraint["binding"].items()))
        if kind == "equality":
            return f"{name} = {self.type(inner['type'])}"
        return name + self.bounds(inner, ": ")
