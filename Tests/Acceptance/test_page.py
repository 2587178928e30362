"""The page at / of the control port in a real browser: its content, its buttons, and keyboard operation."""

import base64
import contextlib
import dataclasses
import hashlib
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest
from playwright.sync_api import Page, expect

from servers.processes import free_port, serving

ROWS = "#entries tr"
INTERACTIVE = "a[href], button, input, select, textarea, [tabindex='0'], [role='button']"
CONTRAST = """() => {
  const numbers = text => text.match(/[\\d.]+/g).map(Number);
  const luminance = color => color.slice(0, 3).map(value => value / 255)
    .map(value => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const ground = element => {
    const color = numbers(getComputedStyle(element).backgroundColor);
    return color[3] === 0 && element.parentElement ? ground(element.parentElement) : color;
  };
  const isText = node => node.nodeType === Node.TEXT_NODE && node.data.trim();
  return [...document.querySelectorAll("body *")]
    .filter(element => element.getClientRects().length && [...element.childNodes].some(isText))
    .map(element => {
      const [dark, light] = [numbers(getComputedStyle(element).color), ground(element)].map(luminance).sort((a, b) => a - b);
      return [element.textContent.trim(), (light + 0.05) / (dark + 0.05)];
    });
}"""


@dataclasses.dataclass
class Opened:
    """A page of a simulator, with the simulator's settings."""

    page: Page
    settings: dict
    dotenv: str
    #: The URLs that the browser requested, and the errors that it reported.
    requests: list
    errors: list


@pytest.fixture
def simulate(binary, clean_environment, tmp_path):
    """Runs a simulator for the duration of the block and yields the settings that it prints."""

    @contextlib.contextmanager
    def run(*arguments):
        log = tmp_path / "simulator.log"
        with serving(lambda _: [binary, "simulate", *arguments], log, environment=clean_environment,
                     is_ready=lambda _: re.search("RINGDOWN_SIM_URL=.*\n", log.read_text())):
            yield "".join(line for line in log.read_text().splitlines(keepends=True) if re.match("[A-Za-z_]+=", line))

    return run


@pytest.fixture
def opening(browser):
    """Opens the page of a simulator in a new browser context and waits until it shows the settings."""
    contexts = []

    def run(dotenv, **options):
        context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], **options)
        contexts.append(context)
        settings = dict(line.split("=", 1) for line in dotenv.splitlines())
        opened = Opened(context.new_page(), settings, dotenv, [], [])
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        opened.page.on("console", lambda message: message.type == "error" and opened.errors.append(message.text))
        opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
        opened.page.goto(settings["RINGDOWN_SIM_URL"] + "/")
        expect(opened.page.locator("#settings > div")).to_have_count(len(settings))
        return opened

    yield run
    for context in contexts:
        context.close()


@pytest.fixture
def opened(simulate, opening):
    with simulate() as dotenv:
        yield opening(dotenv)


def status_of(url, data=None):
    """The status of the response to a GET or to a form."""
    try:
        with urllib.request.urlopen(url, data and urllib.parse.urlencode(data).encode(), timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def token_status(settings, **parameters):
    """The status of the response to a token request with valid credentials."""
    return status_of(settings["GENESYS_LOGIN_URL"] + "/oauth/token", parameters | {
        "grant_type": "client_credentials", "client_id": settings["GENESYS_CLIENT_ID"],
        "client_secret": settings["GENESYS_CLIENT_SECRET"]})


def button(opened, name):
    return opened.page.get_by_role("button", name=name, exact=True)


def tab_to(page, element):
    """Presses Tab until an element has the focus."""
    for _ in range(page.locator(INTERACTIVE).count()):
        page.keyboard.press("Tab")
        if element.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError("Tab does not reach the element")


def lines(opened, identifier):
    """The values that a list shows, by name."""
    rows = opened.page.locator(f"#{identifier} > div")
    return dict(zip(rows.locator("dt").all_inner_texts(), rows.locator("dd:nth-child(2)").all_inner_texts()))


def copied(opened, button):
    """The text that a button copies."""
    opened.page.evaluate("navigator.clipboard.writeText('')")
    button.click()
    return opened.page.evaluate("""async () => {
      let text = "";
      while (!(text = await navigator.clipboard.readText())) await new Promise(requestAnimationFrame);
      return text;
    }""")


def test_the_page_loads_from_one_origin_without_errors(opened):
    expect(opened.page).to_have_title("Ringdown simulator")
    expect(opened.page.locator("#users")).to_have_text("250")
    expect(opened.page.locator("#empty")).to_be_visible()
    own = opened.settings["RINGDOWN_SIM_URL"] + "/"
    assert [url for url in opened.requests if not url.startswith(own)] == []
    assert opened.errors == []


@pytest.mark.parametrize("tag", ["style", "script"])
def test_the_content_security_policy_allows_only_the_code_of_the_page(opened, tag):
    with urllib.request.urlopen(opened.settings["RINGDOWN_SIM_URL"] + "/", timeout=20) as answer:
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        text = answer.read().decode()
    code = re.search(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    assert re.search(f"{tag}-src ([^;]*);", text)[1] == f"'sha256-{digest}'"


def test_the_page_shows_the_printed_credentials_and_hosts(opened):
    secrets = [name for name in opened.settings if name.endswith("_SECRET")]
    shown = lines(opened, "settings")
    assert {name: value for name, value in shown.items() if name not in secrets} == \
        {name: value for name, value in opened.settings.items() if name not in secrets}
    assert not [name for name in secrets if opened.settings[name] in opened.page.content()]
    for name in secrets:
        button(opened, f"Show {name}").click()
    assert lines(opened, "settings") == opened.settings
    hosts = lines(opened, "hosts")
    assert (hosts["login.mypurecloud.com"], hosts["api-na1.niceincontact.com"]) == \
        (opened.settings["GENESYS_LOGIN_URL"], opened.settings["CXONE_API_URL"])


def test_copy_buttons_copy_the_unmasked_value(opened):
    assert copied(opened, button(opened, "Copy CXONE_CLIENT_SECRET")) == opened.settings["CXONE_CLIENT_SECRET"]
    assert copied(opened, button(opened, "Copy login.mypurecloud.com")) == opened.settings["GENESYS_LOGIN_URL"]
    assert copied(opened, button(opened, "Copy all as .env")) == opened.dotenv
    expect(opened.page.get_by_role("status")).to_have_text("Copied: all settings as .env")


def test_the_commands_of_the_empty_page_send_the_first_requests(opened, binary, clean_environment):
    environment = clean_environment | {"PATH": f"{binary.parent}:{clean_environment['PATH']}"}
    for command in [copied(opened, button) for button in opened.page.locator(".command button").all()]:
        subprocess.run(["sh", "-c", command], env=environment, check=True, capture_output=True, timeout=60)
    expect(opened.page.locator("#empty")).to_be_hidden()
    expect(opened.page.locator(ROWS).filter(has_text="token granted")).to_have_count(1)
    expect(opened.page.locator(ROWS).filter(has_text="401")).to_have_count(1)
    assert opened.page.evaluate("document.activeElement.id") == "journal-title"  # because the button that had the focus is hidden


def test_the_page_shows_the_proxy_settings_with_intercept(simulate, opening, binary, clean_environment):
    with simulate("--intercept") as dotenv:
        opened = opening(dotenv)
        assert set(opened.settings) & {"GENESYS_LOGIN_URL", "CXONE_API_URL"} == set()
        for name in [name for name in opened.settings if name.endswith("_SECRET")]:
            button(opened, f"Show {name}").click()
        assert "\n".join(f"{name}='{value}'" if " " in value else f"{name}={value}" for name, value in lines(opened, "settings").items()) == \
            dotenv.strip()
        assert copied(opened, button(opened, "Copy all as .env")) == opened.dotenv
        assert lines(opened, "hosts")["login.mypurecloud.com"] == "https://login.mypurecloud.com"
        environment = clean_environment | {"PATH": f"{binary.parent}:{clean_environment['PATH']}"}
        for command in [copied(opened, button) for button in opened.page.locator(".command button").all()]:
            subprocess.run(["sh", "-c", command], env=environment, check=True, capture_output=True, timeout=60)
        expect(opened.page.locator(ROWS).filter(has_text="token granted")).to_have_count(1)
        expect(opened.page.locator(ROWS).filter(has_text="401")).to_have_count(1)
        opened.page.get_by_label("Custom rule").fill("certificate=expired,times=1")
        opened.page.keyboard.press("Enter")
        expect(opened.page.get_by_role("status")).to_contain_text("Fault set")


def test_a_custom_rule_accepts_command_line_syntax(opened):
    opened.page.get_by_label("Custom rule").fill('path=/oauth/token,status=400,members={"a":1,"b":2}')
    opened.page.keyboard.press("Enter")
    expect(opened.page.get_by_role("status")).to_contain_text("Fault set")
    assert token_status(opened.settings) == 400
    expect(opened.page.locator(ROWS).first).to_contain_text('1 fault applied: status=400, members={"a":1,"b":2}')


def test_a_certificate_rule_without_intercept_is_refused(opened):
    opened.page.get_by_label("Custom rule").fill("certificate=expired")
    opened.page.keyboard.press("Enter")
    expect(opened.page.get_by_role("status")).to_contain_text("start with --intercept")


def test_a_request_appears_with_its_reason_without_a_reload(opened):
    opened.page.evaluate("window.isTheSame = true")
    assert status_of(opened.settings["GENESYS_API_URL"] + "/api/v2/organizations?expand=all") == 401
    row = opened.page.locator(ROWS)
    for text in ("401 Unauthorized", "GET /api/v2/organizations?expand=all", "api.mypurecloud.com", "Hint: use GET /api/v2/organizations/me"):
        expect(row).to_contain_text(text)
    assert token_status(opened.settings) == 200
    expect(row).to_have_count(2)
    for text in ("200 OK", "POST /oauth/token", "token granted", opened.settings["GENESYS_CLIENT_ID"]):
        expect(row.first).to_contain_text(text)
    assert opened.page.evaluate("window.isTheSame")


def test_new_requests_preserve_focus_selection_and_scroll_position(opened):
    api = opened.settings["GENESYS_API_URL"]
    for number in range(45):
        status_of(f"{api}/first/{number}")
    expect(opened.page.locator(ROWS)).to_have_count(45)
    opened.page.locator("#filter").focus()
    opened.page.locator("#journal").evaluate("element => element.scrollTop = 400")
    opened.page.locator(ROWS).nth(12).evaluate("row => { window.row = row; getSelection().selectAllChildren(row); }")
    state = "[row.isConnected, String(getSelection()), document.activeElement.id]"
    before = opened.page.evaluate(f"window.formerTop = row.getBoundingClientRect().top; JSON.stringify({state})")
    for number in range(10):
        status_of(f"{api}/second/{number}")
    expect(opened.page.locator(ROWS).first).to_contain_text("/second/9")
    expect(opened.page.locator(ROWS).last).to_contain_text("/first/5")
    expect(opened.page.locator(ROWS)).to_have_count(50)
    opened.page.wait_for_function("Math.abs(row.getBoundingClientRect().top - formerTop) < 1")  # scrolling is in whole pixels
    assert opened.page.evaluate(f"JSON.stringify({state})") == before


def test_markup_in_requests_is_shown_as_text(opened):
    attack = "<img/src=x/onerror=document.title='hacked'>"
    status_of(f"{opened.settings['GENESYS_API_URL']}/<script>document.title='hacked'</script>?q={attack}")
    assert token_status(opened.settings, scope=attack) == 200
    expect(opened.page.locator(ROWS).last).to_contain_text(f"/<script>document.title='hacked'</script>?q={attack}")
    expect(opened.page.locator(ROWS).first).to_contain_text(f"the scope '{attack}'")
    expect(opened.page.locator("#journal :is(script, img)")).to_have_count(0)
    expect(opened.page).to_have_title("Ringdown simulator")
    assert opened.errors == []


def test_the_filter_hides_requests_that_do_not_match(opened):
    for path in ("/one", "/two", "/three"):
        status_of(opened.settings["CXONE_API_URL"] + path)
    expect(opened.page.locator(ROWS)).to_have_count(3)
    opened.page.get_by_label("Filter").fill("get TWO")
    expect(opened.page.locator(f"{ROWS}:visible")).to_have_count(1)
    expect(opened.page.locator("#count")).to_have_text("1 of the last 3")
    opened.page.get_by_label("Filter").fill("four")
    expect(opened.page.get_by_text("No request matches")).to_be_visible()


def test_a_fault_can_be_added_with_the_keyboard(opened):
    tab_to(opened.page, button(opened, "Token endpoint: 503 for the next 2 requests"))
    opened.page.keyboard.press("Enter")
    expect(opened.page.get_by_role("status")).to_contain_text("Fault set")
    for text in ("path=/oauth/token", "platform=genesys", "status=503", "times=2", "matched 0, applied 0"):
        expect(opened.page.locator("#rules li").first).to_contain_text(text)
    assert [token_status(opened.settings) for _ in range(3)] == [503, 503, 200]
    expect(opened.page.locator("#rules")).to_contain_text("applied 2, spent")
    expect(opened.page.locator(ROWS).filter(has_text="1 fault applied")).to_have_count(2)


@pytest.mark.parametrize("platform, count", [("both", 15), ("Genesys Cloud", 9), ("NICE CXone", 9)])
def test_every_fault_button_adds_a_valid_rule(opened, platform, count):
    opened.page.get_by_label("Platform").select_option(platform)
    for preset in opened.page.locator("#presets button").all():
        preset.click()
        expect(opened.page.get_by_role("status")).to_have_text(f"Fault set: {preset.inner_text()}")
    expect(opened.page.locator("#rules li")).to_have_count(count)
    button(opened, "Remove all faults").click()
    expect(opened.page.locator("#rules li")).to_have_count(0)
    assert token_status(opened.settings) == 200


@pytest.mark.parametrize("rule", ["path=/oauth/token,status=418,nth=2", '[{"path": "/oauth/token", "status": 418, "nth": 2}]'])
def test_a_custom_rule_can_be_typed(opened, rule):
    tab_to(opened.page, opened.page.get_by_label("Custom rule"))
    opened.page.keyboard.type(rule)
    opened.page.keyboard.press("Enter")
    expect(opened.page.get_by_role("status")).to_contain_text("Fault set")
    assert [token_status(opened.settings) for _ in range(3)] == [200, 418, 200]


@pytest.mark.parametrize("rule, reason", [("status=many", "a whole number from 200 to 599"), ("stattus=503", "stattus"),
                                          ('{"status":', "JSON")])
def test_an_error_in_a_rule_is_reported(opened, rule, reason):
    opened.page.get_by_label("Custom rule").fill(rule)
    button(opened, "Add").click()
    expect(opened.page.get_by_role("status")).to_contain_text(reason)
    expect(opened.page.get_by_label("Custom rule")).to_have_attribute("aria-invalid", "true")


def test_the_clock_can_be_stopped_advanced_and_accelerated(opened):
    button(opened, "Stopped").click()
    expect(opened.page.locator("#pace")).to_have_text("stopped")
    expect(button(opened, "Stopped")).to_have_attribute("aria-pressed", "true")
    opened.page.evaluate("window.former = document.querySelector('#now').textContent")
    button(opened, "1 day").click()
    opened.page.wait_for_function("() => { const day = text => Date.parse(text.slice(0, 19).replace(' ', 'T') + 'Z') / 864e5;"
                                  "return day(document.querySelector('#now').textContent) - day(former) === 1; }")
    button(opened, "60×").click()
    expect(opened.page.locator("#pace")).to_have_text("60× real time")


def test_reset_deletes_requests_and_faults(opened):
    button(opened, "Rotate secrets at the next token request").click()
    expect(opened.page.locator("#rules li")).to_have_count(2)
    assert token_status(opened.settings) == 400
    expect(opened.page.locator(ROWS)).to_have_count(1)
    button(opened, "Reset").click()
    expect(opened.page.locator(ROWS)).to_have_count(0)
    expect(opened.page.locator("#empty")).to_be_visible()
    expect(opened.page.locator("#rules li")).to_have_count(0)
    assert token_status(opened.settings) == 200


def test_the_page_reports_a_stopped_simulator_and_reconnects(simulate, opening):
    first_port = str(20000 + free_port() % 10000)  # outside the range of ephemeral ports
    with simulate("--port", first_port) as dotenv:
        opened = opening(dotenv)
        page = opened.page
        expect(page.get_by_role("alert")).to_be_empty()
    expect(page.get_by_role("alert")).to_contain_text("The simulator has stopped")
    expect(page).to_have_title("Stopped: Ringdown simulator")
    page.get_by_role("button", name="API: 500, once").click()
    expect(page.get_by_role("status")).to_have_text("The simulator is not responding.")
    with simulate("--port", first_port):
        expect(page.get_by_role("alert")).to_be_empty()
        status_of(opened.settings["CXONE_API_URL"] + "/again")
        expect(page.locator(ROWS)).to_contain_text("/again")


def test_tab_reaches_every_control_and_every_control_has_a_name(opened):
    status_of(opened.settings["GENESYS_API_URL"])
    expect(opened.page.locator(ROWS)).to_have_count(1)
    wanted = opened.page.locator(f":is({INTERACTIVE}):visible").count()
    opened.page.evaluate("window.reached = new Set()")
    for _ in range(wanted):
        opened.page.keyboard.press("Tab")
        opened.page.evaluate("reached.add(document.activeElement)")
    assert opened.page.evaluate("reached.has(document.body) ? 0 : reached.size") == wanted
    assert opened.page.evaluate("reached.has(document.querySelector('#journal'))"), "the list cannot be scrolled with the keyboard"
    session = opened.page.context.new_cdp_session(opened.page)
    focusable = [node for node in session.send("Accessibility.getFullAXTree")["nodes"]
                 if any(property["name"] == "focusable" for property in node.get("properties", []))]
    assert len(focusable) > wanted
    assert [node for node in focusable if not node["name"]["value"].strip()] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_has_sufficient_contrast_in_both_schemes_and_on_narrow_screens(simulate, opening, scheme, width):
    with simulate() as dotenv:
        opened = opening(dotenv, color_scheme=scheme, viewport={"width": width, "height": 800})
        button(opened, "Token endpoint: 503 for the next 2 requests").click()
        expect(opened.page.locator("#rules li")).to_have_count(2)
        assert [token_status(opened.settings) for _ in range(3)] == [503, 503, 200]
        status_of(f"{opened.settings['GENESYS_API_URL']}/api/v2/organizations?{'long=' * 200}")
        expect(opened.page.locator(ROWS)).to_have_count(4)
        contrasts = opened.page.evaluate(CONTRAST)
        assert len(contrasts) > 50
        assert [(text, contrast) for text, contrast in contrasts if contrast < 4.5] == []
        assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
