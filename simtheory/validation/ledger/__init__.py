"""The ledger: every claim tested in a few processes, kept in a folder, shown on one page.

=============  ================================================================================
file           what stands there
=============  ================================================================================
`catalogue`    all claims, and how to find some of them by name
`findings`     the numbers of the last committed run of each topic
`plan`         groups of claims that share experiments, and how long they take here
`runner`       the workers and what they answer; `worker` and `start_worker` are their side
`progress`     the bar
`folder`       records, manifest and page on disk
`page`         the page
=============  ================================================================================
"""
