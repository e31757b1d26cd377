package main

// A File is what the parser makes of a source. It never fails: what could not
// be understood is a declaration with a flaw.
type File struct {
	Decls []Decl
	Lines []int // Lines[i] is the line on which Decls[i] begins, from 1
}

// A Decl is one definition. It does not know where it stands in its file: all
// positions in it count from its own first line. So it stays equal when lines
// come or go above it.
type Decl struct {
	Name  string // empty if not even the name could be read
	At    Pos    // of the name
	Value *Expr  // nil if there is a flaw
	Flaw  *Flaw  // the first error of syntax in it, or nil
}

// A Pos is a position within a declaration.
type Pos struct {
	Line int // 0 is the line on which the declaration begins
	Col  int // in bytes, from 1
}

// An Expr is a node of a syntax tree. It is a struct and not an interface, and
// has no links upwards: a result has to be comparable with the one before.
type Expr struct {
	Op          Op
	At          Pos    // of the operator, the number or the name
	Number      int64  // if Op is Number
	Name        string // if Op is Name
	Left, Right *Expr  // the operands; Neg has only a right one
}

// An Op says what an Expr does.
type Op byte

// The operators stand for themselves.
const (
	Number Op = '0'
	Name   Op = 'a'
	Neg    Op = '~' // the sign; '-' is the difference
	Add    Op = '+'
	Sub    Op = '-'
	Mul    Op = '*'
	Div    Op = '/'
)

// A Flaw is something wrong in a declaration. It is an error, and its fields
// are exported, so that the engine sees by comparing them that nothing changed.
type Flaw struct {
	At   Pos
	Text string
}

func (f *Flaw) Error() string { return f.Text }
