"""How Sphinx builds the site; ``python3 -m course_utils site`` collects the pages and calls it."""

from course_utils.tools import launch, site

project = "Tokens to Transformers"
author = "the authors of Tokens to Transformers"
copyright = f"{author}; lessons and figures CC BY 4.0, code Apache-2.0"
html_title = project
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
exclude_patterns = ["jupyter_execute"]
nb_execution_mode = "off"
nb_merge_streams = True
nb_code_prompt_show = "Show the set-up cell"  # the only one that is folded
nb_code_prompt_hide = "Hide the set-up cell"
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
mathjax_path = "tex-svg.js"
autodoc_typehints = "none"
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
napoleon_google_docstring = False
suppress_warnings = ["ref.python"]  # a word of a type such as "text" that is also the name of an attribute
html_theme = "sphinx_book_theme"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_search_scorer = str(site.ROOT / "docs" / "search.js")
html_show_search_summary = False  # so that the search also works in a page opened as a file
_name, _branch = launch.repository()
html_context = {"default_mode": "auto"}
html_theme_options = {
    "use_download_button": False,
    "show_navbar_depth": 1,
    "home_page_in_toc": True,
    **({"repository_url": f"https://github.com/{_name}", "repository_branch": _branch} if _name else {}),
    "path_to_docs": "",
    "use_repository_button": bool(_name),
    "launch_buttons": site.launch_buttons(),
}
