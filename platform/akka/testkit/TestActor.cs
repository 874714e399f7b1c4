using Akka.Actor;
using Akka.Util;

namespace Akka.TestKit;

/// <summary>The messages that steer a test actor instead of being queued for the test.</summary>
public static class TestActor
{
    /// <summary>Says whether a message is to be ignored.</summary>
    public delegate bool Ignore(object message);

    /// <summary>Replaces the filter of ignored messages; null removes it.</summary>
    public class SetIgnore : INoSerializationVerificationNeeded
    {
        /// <summary>Makes the order.</summary>
        public SetIgnore(Ignore? ignore) => Ignore = ignore;

        /// <summary>The new filter.</summary>
        public Ignore? Ignore { get; }
    }

    /// <summary>Makes the test actor watch an actor.</summary>
    public class Watch : INoSerializationVerificationNeeded
    {
        /// <summary>Makes the order.</summary>
        public Watch(IActorRef actorToWatch) => Actor = actorToWatch;

        /// <summary>The actor to watch.</summary>
        public IActorRef Actor { get; }
    }

    /// <summary>Makes the test actor stop watching an actor.</summary>
    public class Unwatch : INoSerializationVerificationNeeded
    {
        /// <summary>Makes the order.</summary>
        public Unwatch(IActorRef actorToUnwatch) => Actor = actorToUnwatch;

        /// <summary>The actor to stop watching.</summary>
        public IActorRef Actor { get; }
    }

    /// <summary>Installs an auto-pilot.</summary>
    public class SetAutoPilot : INoSerializationVerificationNeeded
    {
        /// <summary>Makes the order.</summary>
        public SetAutoPilot(AutoPilot autoPilot) => AutoPilot = autoPilot;

        /// <summary>The pilot.</summary>
        public AutoPilot AutoPilot { get; }
    }

    /// <summary>Makes the test actor create a child; the child's reference is queued for the test.</summary>
    public class Spawn : INoSerializationVerificationNeeded
    {
        /// <summary>Makes the order.</summary>
        public Spawn(Props props, Option<string> name, Option<SupervisorStrategy> supervisorStrategy)
        {
            Props = props;
            Name = name;
            Strategy = supervisorStrategy;
        }

        internal Props Props { get; }

        internal Option<string> Name { get; }

        internal Option<SupervisorStrategy> Strategy { get; }
    }
}
