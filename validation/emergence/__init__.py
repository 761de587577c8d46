"""Emergence.

Figures of {cite:t}`okawa2023` and {cite:t}`park2024`: which compositions of concepts a model learns when, and which a stronger
prompt shows before the plain one does. Closed forms of linear denoisers stand beside SGD and small nets on vectors and
images. Panels of the papers are not confirmed, and sizes here are those of a laptop: each figure says which statement it
stands for.
"""
