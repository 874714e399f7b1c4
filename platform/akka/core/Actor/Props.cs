using System.Linq.Expressions;
using System.Reflection;

namespace Akka.Actor;

/// <summary>Makes actors that <see cref="Props"/> cannot make from a constructor.</summary>
public interface IIndirectActorProducer
{
    /// <summary>The type of the actors.</summary>
    Type ActorType { get; }

    /// <summary>A new actor.</summary>
    ActorBase Produce();

    /// <summary>Takes leave of an actor that has ended.</summary>
    void Release(ActorBase actor);
}

/// <summary>How an actor is made; immutable and shareable.</summary>
public class Props : IEquatable<Props>
{
    /// <summary>No recipe.</summary>
    public static readonly Props None;

    private static readonly object[] NoArguments = [];

    private readonly IIndirectActorProducer producer;
    private readonly Type inputType;

    /// <summary>From the constructor of a type.</summary>
    public Props(Type type) : this(type, NoArguments)
    {
    }

    /// <summary>From the constructor of a type that takes these arguments.</summary>
    public Props(Type type, object[] args) : this(Deploy.Local, type, args)
    {
    }

    /// <summary>From the constructor of a type, with a strategy for the children.</summary>
    public Props(Type type, SupervisorStrategy supervisorStrategy, params object[] args) : this(Deploy.Local, type, args)
        => SupervisorStrategy = supervisorStrategy;

    /// <summary>From the constructor of a type, with a deployment.</summary>
    public Props(Deploy deploy, Type type, params object[] args)
        : this(deploy, type, args ?? NoArguments, null, null)
    {
    }

    private Props(Deploy deploy, Type type, object[] args, IIndirectActorProducer producer, SupervisorStrategy strategy)
    {
        Deploy = deploy;
        inputType = type;
        Arguments = args;
        SupervisorStrategy = strategy;
        this.producer = producer ?? (typeof(IIndirectActorProducer).IsAssignableFrom(type)
            ? (IIndirectActorProducer)Activator.CreateInstance(type, args)
            : typeof(ActorBase).IsAssignableFrom(type)
                ? new ConstructorProducer(type, args)
                : throw new ArgumentException($"`{type}` is no actor.", nameof(type)));
    }

    private Props(Props copy, Deploy deploy, SupervisorStrategy strategy)
        : this(deploy, copy.inputType, copy.Arguments, copy.producer, strategy)
    {
    }

    /// <summary>An actor that answers nothing.</summary>
    public static Props Empty { get; } = Create<EmptyActor>();

    /// <summary>The type of the actors.</summary>
    public Type Type => producer.ActorType;

    /// <summary>The name of the type that the actors are made from.</summary>
    public string TypeName => inputType.AssemblyQualifiedName;

    /// <summary>The path of the dispatcher's settings.</summary>
    public string Dispatcher => Deploy.Dispatcher == Deploy.NoDispatcherGiven ? Dispatch.Dispatchers.DefaultDispatcherId : Deploy.Dispatcher;

    /// <summary>The path of the mailbox's settings; empty where none is named.</summary>
    public string Mailbox => Deploy.Mailbox;

    /// <summary>How and where the actors are to run.</summary>
    public Deploy Deploy { get; }

    /// <summary>The strategy for the children; null where the actor says it.</summary>
    public SupervisorStrategy SupervisorStrategy { get; }

    /// <summary>The arguments of the constructor.</summary>
    public object[] Arguments { get; }

    /// <summary>From an expression `() => new T(arguments)`; the arguments are evaluated now, once.</summary>
    /// <exception cref="ArgumentException">The expression is not `new T(arguments)`.</exception>
    public static Props Create<TActor>(Expression<Func<TActor>> factory, SupervisorStrategy supervisorStrategy = null) where TActor : ActorBase
    {
        if (factory.Body is UnaryExpression)
            return new Props(Deploy.Local, typeof(TActor), NoArguments, new FunctionProducer<TActor>(factory.Compile()), supervisorStrategy);
        if (factory.Body is not NewExpression created)
            throw new ArgumentException("The create function must be a 'new T (args)' expression", nameof(factory));
        object[] arguments = [.. created.Arguments.Select(Evaluate)];
        return new Props(Deploy.Local, created.Type, arguments, new ConstructorProducer(created.Type, arguments, created.Constructor), supervisorStrategy);
    }

    /// <summary>From the constructor of a type that takes these arguments.</summary>
    public static Props Create<TActor>(params object[] args) where TActor : ActorBase => new(typeof(TActor), args ?? NoArguments);

    /// <summary>From the constructor without arguments, with a strategy for the children.</summary>
    public static Props Create<TActor>(SupervisorStrategy supervisorStrategy) where TActor : ActorBase, new()
        => new(typeof(TActor), supervisorStrategy, NoArguments);

    /// <summary>From the constructor of a type that takes these arguments.</summary>
    public static Props Create(Type type, params object[] args)
        => new(type ?? throw new ArgumentNullException(nameof(type), "Props must be instantiated with an actor type."), args ?? NoArguments);

    /// <summary>From a producer, made by its constructor with these arguments.</summary>
    public static Props CreateBy<TProducer>(params object[] args) where TProducer : class, IIndirectActorProducer => new(typeof(TProducer), args ?? NoArguments);

    /// <summary>From a producer.</summary>
    public static Props CreateBy(IIndirectActorProducer producer, params object[] args)
        => new(Deploy.Local, producer.GetType(), args ?? NoArguments, producer, null);

    /// <summary>The same with a mailbox.</summary>
    public Props WithMailbox(string mailbox) => new(this, Deploy.WithMailbox(mailbox), SupervisorStrategy);

    /// <summary>The same with a dispatcher.</summary>
    public Props WithDispatcher(string dispatcher) => new(this, Deploy.WithDispatcher(dispatcher), SupervisorStrategy);

    /// <summary>The same with a bound of the stash.</summary>
    public Props WithStashCapacity(int stashCapacity) => new(this, Deploy.WithStashCapacity(stashCapacity), SupervisorStrategy);

    /// <summary>The same with a strategy for the children.</summary>
    public Props WithSupervisorStrategy(SupervisorStrategy supervisorStrategy) => new(this, Deploy, supervisorStrategy);

    /// <summary>The same with a deployment.</summary>
    public Props WithDeploy(Deploy deploy) => new(this, deploy, SupervisorStrategy);

    /// <summary>A new actor; only an actor's cell may ask for one.</summary>
    /// <exception cref="TypeLoadException">The constructor threw.</exception>
    public virtual ActorBase NewActor()
    {
        try
        {
            return producer.Produce();
        }
        catch (Exception e)
        {
            var cause = e is TargetInvocationException { InnerException: { } inner } ? inner : e;
            throw new TypeLoadException(
                $"Error while creating actor instance of type {Type} with {Arguments.Length} args: ({string.Join(",", Arguments.Select(a => a ?? "<null>"))})", cause);
        }
    }

    /// <inheritdoc />
    public bool Equals(Props other)
        => ReferenceEquals(this, other)
        || (other is not null && inputType == other.inputType && Deploy.Equals(other.Deploy) && Arguments.Length == other.Arguments.Length);

    /// <inheritdoc />
    public override bool Equals(object obj) => obj is Props other && Equals(other);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(inputType, Deploy);

    internal void Release(ActorBase actor) => producer.Release(actor);

    private static object Evaluate(Expression argument) => argument switch
    {
        ConstantExpression constant => constant.Value,
        MemberExpression { Member: FieldInfo field, Expression: ConstantExpression closure } => field.GetValue(closure.Value),
        _ => Expression.Lambda<Func<object>>(Expression.Convert(argument, typeof(object))).Compile(preferInterpretation: true)(),
    };

    /// <summary>Calls a constructor, which is looked up once.</summary>
    private sealed class ConstructorProducer(Type type, object[] arguments, ConstructorInfo known = null) : IIndirectActorProducer
    {
        private readonly ConstructorInvoker invoker = known is not { IsPublic: true } ? Lookup(type, arguments) : ConstructorInvoker.Create(known);

        public Type ActorType => type;

        public ActorBase Produce()
            => (ActorBase)(invoker is null ? Activator.CreateInstance(type, arguments) : arguments.Length == 0 ? invoker.Invoke() : invoker.Invoke(arguments.AsSpan()));

        public void Release(ActorBase actor)
        {
        }

        private static ConstructorInvoker Lookup(Type type, object[] arguments)
        {
            if (arguments.Length == 0)
                return type.GetConstructor(Type.EmptyTypes) is { } none && !type.IsAbstract ? ConstructorInvoker.Create(none) : null;
            var fitting = type.GetConstructors().Where(c => c.GetParameters() is var p && p.Length == arguments.Length
                && p.Zip(arguments).All(pair => pair.Second is null ? !pair.First.ParameterType.IsValueType : pair.First.ParameterType.IsInstanceOfType(pair.Second))).ToList();
            return fitting.Count == 1 && !type.IsAbstract ? ConstructorInvoker.Create(fitting[0]) : null;
        }
    }

    private sealed class FunctionProducer<TActor>(Func<TActor> function) : IIndirectActorProducer where TActor : ActorBase
    {
        public Type ActorType => typeof(TActor);

        public ActorBase Produce() => function();

        public void Release(ActorBase actor)
        {
        }
    }
}

internal sealed class EmptyActor : UntypedActor
{
    protected override void OnReceive(object message) => Unhandled(message);
}
