import Ringdown
import RingdownCore
import RingdownSimulator
import RingdownTestSupport
import Testing

@Suite struct RegionTests {
    @Test func `finds all 18 regions by every supported name`() throws {
        #expect(GenesysRegion.all.count == 18)
        for region in GenesysRegion.all {
            let underscored = region.name.split(separator: "-").joined(separator: "_")
            for text in [
                region.name, underscored, region.name.uppercased(), region.domain, region.loginURL,
                region.apiURL + "/x", " \(region.name) ",
            ] {
                #expect(try GenesysRegion.named(text) == region)
            }
        }
    }

    @Test(
        arguments: [
            ("us", "us-east-1", true), ("eu", "eu-west-1", true), ("au", "ap-southeast-2", false),
            ("jp", "ap-northeast-1", true),
            ("ca", "ca-central-1", false), ("in", "ap-south-1", false), ("br", "sa-east-1", false),
            ("sg", "ap-southeast-1", false),
            ("kr", "ap-northeast-2", false), ("ae", "me-central-1", false),
        ] as [(String, String, Bool)])
    func `a short code selects the oldest region and logs one warning`(code: String, name: String, isAmbiguous: Bool)
        throws
    {
        let log = MemoryLog()
        let region = try Logger.$current.withValue(log.logger) { try GenesysRegion.named(code) }
        #expect(region.name == name)
        #expect(log.warnings.count == 1)
        #expect(log.warnings[0].contains("it could also mean") == isAmbiguous)
    }

    @Test func `a country without a region is an error with the nearest regions`() {
        let error = #expect(throws: ConfigurationError.self) { try GenesysRegion.named("za") }
        #expect(error?.hint.contains("me-central-1") == true)
    }

    @Test(arguments: [("eu-west-3", "eu-west-1"), ("mypurecloud.de.", "mypurecloud.de"), ("us-est-1", "us-east-1")])
    func `a mistyped region is an error with the closest names`(text: String, expected: String) {
        let error = #expect(throws: ConfigurationError.self) { try GenesysRegion.named(text) }
        #expect(error?.hint.contains(expected) == true)
    }

    @Test func `ignores a proxy that responds instead of a region`() async throws {
        let settings = Settings(environment: ["GENESYS_CLIENT_ID": "id", "GENESYS_CLIENT_SECRET": "secret"])
        let transport = ScriptedTransport { _ in Response(status: 403, body: Array("<html>forbidden</html>".utf8)) }
        let answers = await (try RegionFinder(settings, transport: transport)).ask()
        #expect(answers.allSatisfy { !$0.knowsClient && !$0.hasAnswered })
    }

    @Test func `finds the region of a client by querying all regions`() async throws {
        var options = Simulator.Options()
        options.genesysDomain = "mypurecloud.de"
        let simulator = Simulator(options)
        for (secret, said) in [(simulator.credentials.genesysClientSecret, "right"), ("other", "wrong")] {
            let settings = Settings(environment: [
                "GENESYS_CLIENT_ID": simulator.credentials.genesysClientID, "GENESYS_CLIENT_SECRET": secret,
            ])
            let answers = await (try RegionFinder(settings, transport: InMemoryTransport(simulator))).ask()
            #expect(answers.count == 18)
            #expect(answers.filter(\.knowsClient).map(\.region.name) == ["eu-central-1"])
            #expect(answers.first(where: \.knowsClient)?.said.contains(said) == true)
        }
    }
}
