using Akka.Actor;
using Akka.Configuration;

namespace Akka.TestKit;

/// <summary>What configuration says under <c>akka.test</c>.</summary>
public class TestKitSettings : IExtension
{
    /// <summary>Reads the settings.</summary>
    /// <exception cref="ConfigurationException">Where <c>akka.test.timefactor</c> is not positive.</exception>
    public TestKitSettings(Config config)
    {
        DefaultTimeout = config.GetTimeSpan("akka.test.default-timeout", null, allowInfinite: false);
        SingleExpectDefault = config.GetTimeSpan("akka.test.single-expect-default", null, allowInfinite: false);
        ExpectNoMessageDefault = config.GetTimeSpan("akka.test.expect-no-message-default", null, allowInfinite: false);
        TestEventFilterLeeway = config.GetTimeSpan("akka.test.filter-leeway", null, allowInfinite: false);
        TestKitStartupTimeout = config.GetTimeSpan("akka.test.startup-timeout", null, allowInfinite: false);
        TestTimeFactor = config.GetDouble("akka.test.timefactor");
        LogTestKitCalls = config.GetBoolean("akka.test.testkit.debug", false);
        if (TestTimeFactor <= 0)
            throw new ConfigurationException($"akka.test.timefactor must be positive, but is {TestTimeFactor}.");
    }

    /// <summary><c>akka.test.default-timeout</c>: how long latches, barriers and asks wait.</summary>
    public TimeSpan DefaultTimeout { get; }

    /// <summary><c>akka.test.single-expect-default</c>: how long an expectation outside of Within waits.</summary>
    public TimeSpan SingleExpectDefault { get; }

    /// <summary><c>akka.test.expect-no-message-default</c>: how long silence is listened to.</summary>
    public TimeSpan ExpectNoMessageDefault { get; }

    /// <summary><c>akka.test.filter-leeway</c>: how long an event filter waits after its action.</summary>
    public TimeSpan TestEventFilterLeeway { get; }

    /// <summary><c>akka.test.timefactor</c>: what every timeout is multiplied by on slow machines.</summary>
    public double TestTimeFactor { get; }

    /// <summary><c>akka.test.startup-timeout</c>: how long the kit waits for its own actors.</summary>
    public TimeSpan TestKitStartupTimeout { get; }

    /// <summary><c>akka.test.testkit.debug</c>: whether calls of the kit are logged.</summary>
    public bool LogTestKitCalls { get; }
}

/// <summary>Gives an actor system its <see cref="TestKitSettings"/>.</summary>
public class TestKitExtension : ExtensionIdProvider<TestKitSettings>
{
    /// <inheritdoc/>
    public override TestKitSettings CreateExtension(ExtendedActorSystem system) => new(system.Settings.Config);

    /// <summary>The settings of an actor system.</summary>
    public static TestKitSettings For(ActorSystem system) => system.GetExtension<TestKitSettings>();
}
