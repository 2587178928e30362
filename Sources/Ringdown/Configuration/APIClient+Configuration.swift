public import RingdownCore
internal import RingdownCurl
public import RingdownOAuth

extension APIClient {
    /// Creates a client.
    ///
    /// The initialiser reads at most the environment and the file of a profile. It sends no request and looks up no secret.
    ///
    /// - Parameters:
    ///   - configuration: The account.
    ///   - transport: The transport that sends the requests; nil for the transport of the library, with the proxy and TLS settings
    ///     of the environment (default: nil).
    ///   - store: The store that shares tokens with other processes; nil for the store of the settings, or for memory if the account
    ///     was not read from settings (default: nil).
    ///   - time: The clock (default: the system clock).
    ///   - lifecycle: The settings of the token lifecycle.
    ///   - calls: The settings of retries and rate limits.
    /// - Throws: ``ConfigurationError`` if a value is missing or invalid. Its message names the parameter or the setting.
    public convenience init(
        _ configuration: ClientConfiguration, transport: (any Transport)? = nil, store: (any TokenStore)? = nil,
        time: any TimeSource = .system, lifecycle: LifecycleSettings = LifecycleSettings(),
        calls: CallSettings = CallSettings()
    ) throws(ConfigurationError) {
        let account = try configuration.account(time)
        let sender: any Transport
        if let transport { sender = transport } else { sender = try CurlTransport(account.settings ?? .environment) }
        let shared: any TokenStore
        if let store {
            shared = store
        } else if let settings = account.settings {
            shared = try tokenStore(settings, account: account.profile.account)
        } else {
            shared = .memory
        }
        self.init(
            account.profile, transport: sender, store: shared, time: time, settings: lifecycle, calls: calls,
            ownsTransport: transport == nil)
    }
}
