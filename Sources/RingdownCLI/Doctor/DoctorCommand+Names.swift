internal import Ringdown
internal import RingdownCore

extension DoctorCommand {
    /// Reports variables of the environment that resemble a setting.
    func examineNames(_ diagnosis: inout Diagnosis) {
        for (variable, meant) in SettingNames.misspellings(in: Context.current.variables) {
            diagnosis.warn(
                "settings", "\(variable) is not a setting; did you mean \(meant)?",
                Cause(
                    name: "misspelt-variable", text: "\(variable) is ignored, because it is not a setting",
                    next: "set \(meant) instead, and unset \(variable)", exitCode: ExitCode.configuration))
        }
    }
}
