using System.Reflection;
using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        /// <summary>A part of a model: parameters, buffers, and parts of its own.</summary>
        public class Module : IDisposable
        {
            private readonly string name;
            private readonly List<KeyValuePair<string, Parameter>> parameters_ = [];
            private readonly List<(string name, Tensor buffer, bool persistent)> buffers_ = [];
            private readonly List<KeyValuePair<string, Module>> modules_ = [];

            protected Module(string name) => this.name = name;

            public virtual bool training { get; private set; } = true;

            public virtual string GetName() => name;

            // ---- registration ----

            /// <summary>Registers the fields that hold modules, parameters and buffers, under the fields' names, in order of declaration.</summary>
            protected virtual void RegisterComponents()
            {
                const BindingFlags flags = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
                var lineage = new Stack<Type>();
                for (var type = GetType(); type is not null && type != typeof(Module); type = type.BaseType) lineage.Push(type);
                foreach (var field in lineage.SelectMany(type => type.GetFields(flags)))
                {
                    var component = field.GetCustomAttribute<ComponentNameAttribute>()?.Name ?? field.Name;
                    switch (field.GetValue(this))
                    {
                        case Module module when modules_.TrueForAll(known => known.Value != module):
                            register_module(component, module);
                            break;
                        case Modules.Parameter parameter when parameters_.TrueForAll(known => known.Value != parameter):
                            register_parameter(component, parameter);
                            break;
                        case Tensor buffer and not Modules.Parameter when buffers_.TrueForAll(known => known.buffer != buffer):
                            register_buffer(component, buffer);
                            break;
                    }
                }
            }

            public virtual void register_module(string name, Module submodule)
            {
                Fresh(name, modules_.Exists(known => known.Key == name));
                modules_.Add(new(name, submodule));
            }

            public virtual void register_parameter(string name, Parameter param)
            {
                Fresh(name, parameters_.Exists(known => known.Key == name));
                param.DetachFromDisposeScope();
                parameters_.Add(new(name, param));
            }

            public virtual void register_buffer(string name, Tensor tensor, bool persistent = true)
            {
                Fresh(name, buffers_.Exists(known => known.name == name));
                buffers_.Add((name, tensor.DetachFromDisposeScope(), persistent));
            }

            private static void Fresh(string name, bool known)
            {
                if (name.Contains('.', StringComparison.Ordinal)) throw new ArgumentException($"a component's name cannot contain a dot: '{name}'");
                if (known) throw new InvalidOperationException($"component '{name}' is registered already");
            }

            // ---- what it has ----

            public virtual IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true) =>
                Distinct(recurse ? Walk().SelectMany(part => part.module.parameters_.Select(own => (Join(part.name, own.Key), own.Value))) : parameters_.Select(own => (own.Key, own.Value)));

            public virtual IEnumerable<(string name, Tensor buffer)> named_buffers(bool recurse = true) =>
                recurse ? Walk().SelectMany(part => part.module.buffers_.Select(own => (Join(part.name, own.name), own.buffer))) : buffers_.Select(own => (own.name, own.buffer));

            public virtual IEnumerable<(string name, Module module)> named_children() => modules_.Select(own => (own.Key, own.Value));

            public virtual IEnumerable<(string name, Module module)> named_modules() => Walk().Skip(1);

            public virtual IEnumerable<Module> modules() => Walk().Select(part => part.module);

            public virtual IEnumerable<Module> children() => modules_.Select(own => own.Value);

            public virtual IEnumerable<Parameter> parameters(bool recurse = true) => named_parameters(recurse).Select(own => own.parameter);

            public virtual IEnumerable<Tensor> buffers(bool recurse = true) => named_buffers(recurse).Select(own => own.buffer);

            public bool has_parameter(string target) => named_parameters().Any(own => own.name == target);

            public Parameter? get_parameter(string target) => named_parameters().FirstOrDefault(own => own.name == target).parameter;

            public Tensor? get_buffer(string target) => named_buffers().FirstOrDefault(own => own.name == target).buffer;

            private IEnumerable<(string name, Module module)> Walk(string prefix = "")
            {
                yield return (prefix, this);
                foreach (var (key, part) in modules_)
                    foreach (var inner in part.Walk(Join(prefix, key)))
                        yield return inner;
            }

            private static string Join(string prefix, string own) => prefix.Length == 0 ? own : $"{prefix}.{own}";

            // Tied parameters are one object under two names; it is listed once, under the first.
            private static List<(string, Parameter)> Distinct(IEnumerable<(string, Parameter parameter)> all)
            {
                var seen = new HashSet<Parameter>(ReferenceEqualityComparer.Instance);
                return all.Where(own => seen.Add(own.parameter)).ToList();
            }

            // ---- modes, places, types ----

            public virtual void train(bool mode = true)
            {
                training = mode;
                foreach (var (_, part) in modules_) part.train(mode);
            }

            public virtual void eval() => train(false);

            public virtual void zero_grad(bool set_to_none = true)
            {
                foreach (var parameter in parameters())
                {
                    using var grad = parameter.grad;
                    if (grad is null) continue;
                    if (set_to_none) parameter.grad = null;
                    else grad.detach_().zero_();
                }
            }

            public Module requires_grad_(bool requires_grad = true)
            {
                foreach (var parameter in parameters()) parameter.requires_grad_(requires_grad);
                return this;
            }

            public virtual Module apply(Action<Module> fn)
            {
                foreach (var (_, part) in modules_) part.apply(fn);
                fn(this);
                return this;
            }

            /// <summary>Converts and moves every parameter and buffer in place: the objects stay, their memory is new.</summary>
            internal void Convert(ScalarType? dtype, Device? device)
            {
                using var unrecorded = no_grad();
                using var scope = NewDisposeScope();
                foreach (var tensor in parameters().Cast<Tensor>().Concat(buffers()))
                {
                    var type = dtype is { } wanted && (tensor.is_floating_point() || tensor is Modules.Parameter) ? wanted : tensor.dtype;
                    if (type == tensor.dtype && (device is null || device == tensor.device)) continue;
                    Interop.NativeError.Check(Interop.LibTorch.tensor_set_data(tensor, tensor.detach().to(type, device ?? tensor.device)));
                    tensor.grad = null;
                }
            }

            public void Dispose()
            {
                Dispose(true);
                GC.SuppressFinalize(this);
            }

            protected virtual void Dispose(bool disposing)
            {
                if (!disposing) return;
                foreach (var (_, parameter) in parameters_) parameter.Dispose();
                foreach (var (_, buffer, _) in buffers_) buffer.Dispose();
                foreach (var (_, part) in modules_) part.Dispose();
            }

            internal IEnumerable<(string name, Tensor tensor)> Stateful() => Walk().SelectMany(part =>
                part.module.parameters_.Select(own => (Join(part.name, own.Key), (Tensor)own.Value))
                    .Concat(part.module.buffers_.Where(own => own.persistent).Select(own => (Join(part.name, own.name), own.buffer))));
        }

        public abstract class Module<T, TResult> : Module
        {
            protected Module(string name) : base(name)
            {
            }

            public abstract TResult forward(T input);

            public TResult call(T input) => forward(input);
        }

        public abstract class Module<T1, T2, TResult> : Module
        {
            protected Module(string name) : base(name)
            {
            }

            public abstract TResult forward(T1 input1, T2 input2);

            public TResult call(T1 input1, T2 input2) => forward(input1, input2);
        }

        public abstract class Module<T1, T2, T3, TResult> : Module
        {
            protected Module(string name) : base(name)
            {
            }

            public abstract TResult forward(T1 input1, T2 input2, T3 input3);

            public TResult call(T1 input1, T2 input2, T3 input3) => forward(input1, input2, input3);
        }
    }
}

/// <summary>Gives a component a name other than its field's.</summary>
[AttributeUsage(AttributeTargets.Field)]
public sealed class ComponentNameAttribute : Attribute
{
    public string? Name { get; set; }
}

/// <summary>Conversions that return the module in its own type.</summary>
public static class ModuleExtensionMethods
{
    public static T to<T>(this T module, torch.Device device, bool non_blocking = false) where T : torch.nn.Module => module.Converted(null, device);

    public static T to<T>(this T module, torch.Device device, ScalarType type, bool non_blocking = false) where T : torch.nn.Module => module.Converted(type, device);

    public static T to<T>(this T module, DeviceType deviceType, int deviceIndex = -1, bool non_blocking = false) where T : torch.nn.Module =>
        module.Converted(null, new torch.Device(deviceType, deviceIndex));

    public static T to<T>(this T module, string device, bool non_blocking = false) where T : torch.nn.Module => module.Converted(null, new torch.Device(device));

    public static T to<T>(this T module, ScalarType type, bool non_blocking = false) where T : torch.nn.Module => module.Converted(type, null);

    public static T cpu<T>(this T module) where T : torch.nn.Module => module.Converted(null, torch.CPU);

    public static T cuda<T>(this T module, int deviceIndex = -1) where T : torch.nn.Module => module.Converted(null, new torch.Device(DeviceType.CUDA, deviceIndex));

    private static T Converted<T>(this T module, ScalarType? type, torch.Device? device) where T : torch.nn.Module
    {
        module.Convert(type, device);
        return module;
    }
}
