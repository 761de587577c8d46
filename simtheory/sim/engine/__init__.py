"""How a step is carried: many nets at once, in lanes of a SIMD register.

A small matrix leaves the vector units of a processor idle, but an ensemble holds many of them. So
several nets, the *lanes*, are carried side by side: the copies of one number lie next to each other
in memory, are read with one `load`, and ``+``, ``*`` or `fma` act on all of them. Lanes do not
exchange data, so the result of a net does not depend on the nets beside it.

One step of the integrator goes through these stations:

1. `flows.running` cuts the ensemble into chunks. For each chunk `layout.lay_out` says where every
   array of the integration begins, in a table of whole numbers, and `lanes.room` gives the memory.
2. A chunk is one call of an *entry*, a compiled function that Python can call. It releases the GIL,
   so plain threads (`threads.work`) run chunks side by side.
3. Inside, code addresses memory by its place, never through NumPy arrays: `load`, `store`, `get` and
   `put` compile to single instructions. Products and sums of matrices (`products`, `tied_slope`) are
   written as LLVM instructions, which keep a tile of sums in registers.
4. What differs between nets of different kinds, such as the right-hand side, is a *part*: a function
   that is compiled alone and called by its address, so that one entry serves all kinds.
5. An entry returns a `Status` for each net. It never raises.

Words
-----
=============  ===================================================================================
name           meaning
=============  ===================================================================================
lane           one of the numbers that an instruction acts on; usually one net
group          the lanes that lie together: as many as a register of this processor holds, 8, 4 or
               2 (`ABREAST`), four times as many for the smallest matrices (`WIDE`), or 8
               neighbours of one row of a single large net (`SINGLE`)
m              memory of a group of nets, given by its address, a multiple of 64 bytes
place          index of a group of lanes in m: number k of an array begins at its place plus k
at             table of places and sizes; its head has names (``at.y``), its tail indices (``at[k]``)
entry          compiled function that Python calls; kept on disk (`compilation.entry`)
part           compiled function called by its address: arguments m, at and two places
leaf           compiled function called from compiled code (`leaf`, `common`, `merged`,
               `inlined`); it becomes machine code only as a piece of an entry or a part
row, stage     of the tableau: one weighted sum of slopes, and the point where it is evaluated
frame          exponential change of variables in which relaxed modes stand still (`flows.fields`)
=============  ===================================================================================

Modules
-------
====================  ============================================================================
module                gives
====================  ============================================================================
`lanes`               types of lanes and memory for Numba; `load`, `store`, `get`, `put`, `call`
`layout`              groups, triangles of symmetric matrices, and the table of places
`arithmetic`          operators and functions of lanes: `fma`, `exp`, `root`, `where`, …
`loops`               loops over lanes as LLVM instructions
`products`            sums and products of matrices; data turned into lanes
`messages`            sum-product: sums along lists of pairs, messages scaled and told apart
`tied_slope`          the slope of a tied net's W
`random_numbers`      Philox4x64-10
`compilation`         `entry`, `address`, `leaf`: compiling, and the cache on disk
`threads`             chunks side by side, with a flag that ends them early
`status`              how the run of a kernel can end
====================  ============================================================================

Only this package uses llvmlite. The packages beside it (`flows`, `descent`, …) hold kernels made of
its parts. They do not import each other: the key under which a kernel is kept on disk covers the
files of its own package and of this one.
"""
