"""The built-in pages: the screens of `dashboards.screens` in a browser, and every figure of them as data.

Its door: `app.create_app`. It knows no screen by name; what is shown is `dashboards`' to say, what was asked is the
address's, and what is chosen never becomes SQL.
"""
