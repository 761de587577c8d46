"""Networks, what they are trained on, and how.

=================================  ===================================================================
module                             what stands there
=================================  ===================================================================
`architectures`                    `MLP`, and where its weights start
`data`, `optimisers`, `devices`    what is trained on, by which rule, and where
`train`                            trains an `MLP` on a task; the result is a `Trajectory`
`diffusion`                        conditional diffusion models and their worlds
`loop`                             the compiled training loop of every network, and its `Learner`
`running`, `store`                 the pieces of a run, and the file from which it goes on
=================================  ===================================================================
"""
