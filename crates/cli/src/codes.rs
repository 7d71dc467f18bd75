//! Tables of codes, with what happened and what to do.

/// One row for each code: `Variant = "code", "what happened", "what to do"`.
macro_rules! codes {
    (
        $(#[$attribute:meta])* $visibility:vis enum $Name:ident;
        $( $Variant:ident = $code:literal, $what:literal, $cure:literal; )+
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        $visibility enum $Name {
            $( #[doc = $what] $Variant, )+
        }

        impl $Name {
            /// All of them.
            $visibility const ALL: &[Self] = &[$( Self::$Variant ),+];

            /// The stable code, for tools.
            #[must_use]
            $visibility const fn code(self) -> &'static str {
                match self { $( Self::$Variant => $code, )+ }
            }

            /// What happened, as a sentence.
            #[must_use]
            $visibility const fn what(self) -> &'static str {
                match self { $( Self::$Variant => $what, )+ }
            }

            /// What to do.
            #[must_use]
            $visibility const fn cure(self) -> &'static str {
                match self { $( Self::$Variant => $cure, )+ }
            }
        }

        /// The code.
        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}

pub(crate) use codes;
