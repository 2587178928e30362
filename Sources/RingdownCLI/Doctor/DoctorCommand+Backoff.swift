internal import RingdownCore
internal import RingdownOAuth

extension DoctorCommand {
    /// Reports a failure that other commands return without a request.
    func examine(_ backoff: BackoffState, _ diagnosis: inout Diagnosis) {
        let now = Context.current.time.now().wall
        let (age, remaining) = (now - backoff.time, backoff.until - now)
        guard remaining > .zero, age >= .zero else { return }
        diagnosis.warn(
            "remembered",
            "a token request failed \(age.inWholeSeconds.spoken) ago: \(backoff.error.message); commands report this for another "
                + remaining.inWholeSeconds.spoken,
            Cause(
                name: "remembered-failure", text: "an earlier token request failed, and its failure is still reported",
                next: "ringdown token --force\(account.words)", exitCode: ExitCode.credentialsRefused))
    }
}

extension Duration {
    /// The duration rounded to seconds, but not to zero.
    var inWholeSeconds: Duration { .seconds(max(1, inSeconds.rounded())) }
}
