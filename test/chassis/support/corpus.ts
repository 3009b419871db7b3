/** Modules by name, each with calls of its exports. They are valid, deterministic and end. */
export interface Sample {
  readonly name: string
  readonly text: string
  readonly calls: readonly (readonly [name: string, ...values: readonly (number | bigint)[]])[]
}

const sample = (name: string, text: string, ...calls: Sample['calls']): Sample => ({ name, text, calls })

export const CORPUS: readonly Sample[] = [
  sample(
    'recursion',
    `(func $fib (export "fib") (param $n i32) (result i32)
      (if (i32.lt_s (local.get $n) (i32.const 2)) (then (return (local.get $n))))
      (i32.add (call $fib (i32.sub (local.get $n) (i32.const 1))) (call $fib (i32.sub (local.get $n) (i32.const 2)))))`,
    ['fib', 0],
    ['fib', 1],
    ['fib', 15],
  ),
  sample(
    'mutual recursion through a table',
    `(type $t (func (param i32) (result i32)))
     (table funcref (elem $even $odd))
     (func $even (export "even") (type $t) (if (result i32) (local.get 0)
       (then (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 1))) (else (i32.const 1))))
     (func $odd (type $t) (if (result i32) (local.get 0)
       (then (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0))) (else (i32.const 0))))`,
    ['even', 40],
    ['even', 41],
  ),
  sample(
    'nested loops with continue and break',
    `(func (export "run") (param $n i32) (result i32) (local $i i32) (local $j i32) (local $sum i32)
      (block $done
        (loop $outer
          (br_if $done (i32.ge_s (local.get $i) (local.get $n)))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (local.set $j (i32.const 0))
          (loop $inner
            (local.set $j (i32.add (local.get $j) (i32.const 1)))
            (br_if $outer (i32.gt_s (i32.mul (local.get $i) (local.get $j)) (i32.const 50)))
            (br_if $done (i32.gt_s (local.get $sum) (i32.const 5000)))
            (local.set $sum (i32.add (local.get $sum) (local.get $j)))
            (br_if $inner (i32.lt_s (local.get $j) (local.get $i))))
          (br $outer)))
      (local.get $sum))`,
    ['run', 0],
    ['run', 7],
    ['run', 100],
  ),
  sample(
    'a branch table out of nested blocks and into a loop',
    `(func (export "run") (param $n i32) (result i32) (local $count i32)
      (block $exit
        (loop $again
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (block $two (block $one (block $zero
            (br_table $zero $one $two $exit (i32.rem_u (local.get $n) (i32.const 5))))
            (local.set $n (i32.add (local.get $n) (i32.const 8))) (br $again))
            (local.set $n (i32.shr_u (local.get $n) (i32.const 1))) (br $again))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br_if $again (i32.lt_u (local.get $count) (i32.const 100)))))
      (i32.add (local.get $count) (i32.mul (i32.const 1000) (local.get $n))))`,
    ['run', 0],
    ['run', 1],
    ['run', 2],
    ['run', 3],
    ['run', 977],
  ),
  sample(
    'several results, and blocks with parameters',
    `(func $swap (param i32 i64) (result i64 i32) (local.get 1) (local.get 0))
     (func $some (export "some") (param i32) (result i32 i64 f64)
      (block (result i32 i64 f64)
        (i32.const 1) (i64.const 2) (f64.const 3.5)
        (br_if 0 (local.get 0))
        (drop) (drop) (drop)
        (call $swap (i32.const 7) (i64.const 8))
        (drop) (drop)
        (return (i32.const 4) (i64.const -5) (f64.const 6.25))))
     (func (export "loop") (param i32) (result i32)
      (i32.const 0) (local.get 0)
      (loop (param i32 i32) (result i32)
        (local.set 0) (i32.add (local.get 0)) (local.get 0)
        (if (param i32) (result i32) (then (i32.sub (local.get 0) (i32.const 1)) (br 1)) (else))))`,
    ['some', 0],
    ['some', 1],
    ['loop', 10],
  ),
  sample(
    'a loop that is only left by a branch out of it',
    `(func (export "run") (param i32) (result i32)
      (block $out
        (loop $again
          (br_if $out (i32.eqz (local.get 0)))
          (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
          (br $again))
        (unreachable))
      ${'(nop) '.repeat(40)} (local.get 0))`,
    ['run', 0],
    ['run', 3],
  ),
  sample(
    'memory, and bulk operations on it',
    `(memory (export "memory") 1 3)
     (data $greeting "hello, module")
     (data (i32.const 32) "placed")
     (func (export "sum") (param $from i32) (param $to i32) (result i32) (local $sum i32)
      (memory.fill (i32.const 100) (i32.const 7) (i32.const 50))
      (memory.init $greeting (i32.const 200) (i32.const 0) (i32.const 13))
      (data.drop $greeting)
      (memory.copy (i32.const 120) (i32.const 200) (i32.const 13))
      (memory.copy (i32.const 0) (i32.const 32) (i32.const 6))
      (loop $next
        (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (i32.load8_u (local.get $from))))
        (br_if $next (i32.lt_u (local.tee $from (i32.add (local.get $from) (i32.const 1))) (local.get $to))))
      (local.get $sum))
     (func (export "grow") (param i32) (result i32 i32) (memory.grow (local.get 0)) (memory.size))
     (func (export "outside") (param i32) (memory.fill (local.get 0) (i32.const 0) (i32.const 65536)))`,
    ['sum', 0, 300],
    ['grow', 0],
    ['grow', 1],
    ['grow', 2],
    ['grow', 3],
    ['grow', -1],
    ['outside', 0],
    ['outside', 1],
    ['outside', -1],
  ),
  sample(
    'tables of both kinds',
    `(table $t 4 6 funcref) (table $e 2 externref)
     (elem $e1 func $one $two) (elem (table $t) (i32.const 0) func $two)
     (func $one (result i32) (i32.const 1)) (func $two (result i32) (i32.const 2))
     (func (export "init") (param i32) (result i32)
      (table.init $t $e1 (i32.const 1) (i32.const 0) (i32.const 2))
      (elem.drop $e1)
      (table.copy $t $t (i32.const 2) (i32.const 0) (i32.const 2))
      (call_indirect $t (result i32) (local.get 0)))
     (func (export "grow") (param i32) (result i32 i32)
      (table.grow $t (ref.func $one) (local.get 0)) (table.size $t))
     (func (export "other") (param i32) (result i32 i32 i32)
      (table.grow $e (ref.null extern) (local.get 0))
      (table.fill $e (i32.const 0) (ref.null extern) (i32.const 2))
      (ref.is_null (table.get $e (i32.const 1))) (table.size $e))`,
    ['init', 0],
    ['init', 1],
    ['init', 2],
    ['init', 3],
    ['init', 9],
    ['grow', 1],
    ['grow', 2],
    ['grow', 3],
    ['other', 5],
  ),
  sample(
    'a start function, globals and a select',
    `(global $g (mut i64) (i64.const 5)) (global $f f32 (f32.const 1.5))
     (func $start (global.set $g (i64.mul (global.get $g) (i64.const 3))))
     (start $start)
     (func (export "g") (param i32) (result i64 f32)
      (select (result i64) (global.get $g) (i64.const 0) (local.get 0)) (global.get $f))`,
    ['g', 0],
    ['g', 1],
  ),
  sample(
    'vectors',
    `(memory 1)
     (func $halve (param v128) (result v128) (i32x4.shr_s (local.get 0) (i32.const 1)))
     (func (export "dot") (param i32) (result i32) (local $v v128) (local $i i32)
      (local.set $v (v128.const i32x4 1 2 3 4))
      (loop $next
        (v128.store (i32.const 16) (i32x4.add (local.get $v) (i32x4.splat (local.get $i))))
        (local.set $v (i8x16.shuffle 0 1 2 3 20 21 22 23 8 9 10 11 28 29 30 31
          (v128.load (i32.const 16)) (call $halve (local.get $v))))
        (local.set $v (v128.load32_lane 2 (i32.const 16) (local.get $v)))
        (br_if $next (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0))))
      (i32.add (i32x4.extract_lane 3 (local.get $v)) (i32x4.extract_lane 0 (i32x4.trunc_sat_f32x4_s
        (f32x4.convert_i32x4_s (local.get $v))))))`,
    ['dot', 1],
    ['dot', 9],
  ),
  sample(
    'code that is never reached, and traps',
    `(func $never (result i32) (return (i32.const 3)) (loop (br 0)) (i32.add) (drop) (unreachable))
     (func (export "dead") (result i32) (block (br 0) (loop $l (br $l)) (memory.grow (i32.const 1)) (drop)) (call $never))
     (memory 1)
     (func (export "trap") (param i32) (result i32) (i32.div_u (i32.const 10) (local.get 0)))
     (func (export "stop") (param i32) (if (local.get 0) (then (unreachable))))`,
    ['dead'],
    ['trap', 0],
    ['trap', 3],
    ['stop', 0],
    ['stop', 1],
  ),
]
